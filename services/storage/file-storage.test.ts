import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { v7 as uuidv7 } from 'uuid';
import { insertInlineFile } from '../../db/search/inline-files.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { runFolder } from '../../test/support/run.ts';
import { FolderStorage } from '../../platform/storage/folder.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { FileStorage } from './file-storage.ts';

describe('files that lie in the database', () => {
  let test: TestDatabase;
  let storage: ObjectStorage;
  const tenantId = uuidv7();
  const key = `inline/${tenantId}/${uuidv7()}`;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
    const root = await mkdtemp(join(await runFolder(), 'files-'));
    const folder = new FolderStorage({ root, baseUrl: 'http://127.0.0.1', secret: 's'.repeat(32) });
    storage = new FileStorage(folder, test.database);
    await test.database.transaction('search', ({ sql }) =>
      insertInlineFile(sql, tenantId, {
        key,
        contentType: 'text/csv',
        content: Buffer.from('id,phone\n1,2\n'),
      }),
    );
  });
  after(() => test.close());

  it('are read as any other, whole or in part', async () => {
    assert.equal(await text(await storage.get(key)), 'id,phone\n1,2\n');
    assert.equal(await text(await storage.get(key, { range: { start: 3, end: 7 } })), 'phone');
    assert.equal(await text(await storage.get(key, { range: { start: 9 } })), '1,2\n');
    const head = await storage.head(key);
    assert.deepEqual([head?.key, head?.bytes, head?.contentType], [key, 13, 'text/csv']);
  });

  it('are listed among the others', async () => {
    await storage.put(`uploads/${tenantId}/a`, Buffer.from('a'), { contentType: 'text/csv', maxBytes: 9 });
    const keysOf = async (prefix: string) =>
      (await Array.fromAsync(storage.list(prefix))).map((one) => one.key).toSorted();
    assert.deepEqual(
      (await keysOf('')).filter((one) => one.includes(tenantId)),
      [key, `uploads/${tenantId}/a`],
    );
    assert.deepEqual(await keysOf(`inline/${tenantId}/`), [key]);
    assert.deepEqual(await keysOf(`uploads/${tenantId}/`), [`uploads/${tenantId}/a`]);
  });

  it('are missing and deleted as any other', async () => {
    const nothing = `inline/${tenantId}/nothing`;
    await assert.rejects(storage.get(nothing), { code: 'storage.object_not_found' });
    assert.equal(await storage.head(nothing), undefined);
    await storage.delete(nothing);
    assert.equal(await storage.deletePrefix(`inline/${tenantId}/`), 1);
    assert.equal(await storage.head(key), undefined);
  });
});
