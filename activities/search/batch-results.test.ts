import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { v7 as uuidv7 } from 'uuid';
import type { Batch, ResultFiles } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { putInlineFiles } from '../../db/search/inline-files.ts';
import { FolderStorage } from '../../platform/storage/folder.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { FileStorage } from '../../services/storage/file-storage.ts';
import { submitBatch } from '../../test/support/batches.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { runFolder } from '../../test/support/run.ts';
import { writeResultFiles } from './batch-results.activities.ts';

describe('result files', () => {
  let db: TestDatabase;
  let storage: ObjectStorage;
  const tenantId = uuidv7();
  const never = new AbortController().signal;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
    const root = await mkdtemp(join(await runFolder(), 'results-'));
    const folder = new FolderStorage({ root, baseUrl: 'http://127.0.0.1', secret: 's'.repeat(32) });
    storage = new FileStorage(folder, db.database);
  });
  after(() => db.close());

  async function batchOf(rows: number): Promise<Batch> {
    const { id } = await submitBatch({ database: db.database, storage }, tenantId, 'phone\n1\n');
    return await db.database.transaction('search', async ({ sql }) => {
      await sql(
        `insert into search.batch_rows (batch_id, row_no, tenant_id, input)
         select $1, row_no, $2, json_build_array('row ' || row_no) from generate_series(1, $3) as row_no`,
        [id, tenantId, rows],
      );
      await sql(`update search.batches set columns = '["phone"]' where id = $1`, [id]);
      return await new BatchRepository(sql).get(tenantId, id);
    });
  }

  async function write(batch: Batch): Promise<{ resultFiles: ResultFiles; inDatabase: string[] }> {
    const { resultFiles, inline } = await writeResultFiles(db.database, storage, batch, never);
    await db.database.transaction('search', ({ sql }) => putInlineFiles(sql, tenantId, inline));
    return { resultFiles, inDatabase: inline.map(({ key }) => key.split('/').at(-1) ?? '') };
  }

  const linesOf = async ({ key, bytes }: { key: string; bytes: number }): Promise<number> => {
    const read = await buffer(await storage.get(key));
    assert.equal(read.length, bytes);
    const content = read.toString('utf8');
    return content.split(/\r?\n/).length - 1;
  };

  it('lie in the database where they are small, and else in the storage', async () => {
    const small = await write(await batchOf(3));
    assert.deepEqual(small.inDatabase, ['results.csv', 'results.ndjson', 'errors.csv']);
    assert.deepEqual(await Array.fromAsync(storage.list(`batches/${tenantId}/`)), []);
    assert.deepEqual(await Promise.all(Object.values(small.resultFiles).map(linesOf)), [4, 3, 1]);
    const large = await write(await batchOf(3_000));
    assert.deepEqual(large.inDatabase, ['errors.csv']);
    assert.deepEqual(await Promise.all(Object.values(large.resultFiles).map(linesOf)), [3_001, 3_000, 1]);
  });

  it('are replaced where they are: nothing of what they held is left elsewhere', async () => {
    const batch = await batchOf(3_000);
    const before = await write(batch);
    await db.database.transaction('search', ({ sql }) =>
      sql(`delete from search.batch_rows where batch_id = $1 and row_no > 2`, [batch.id]),
    );
    const after = await write({ ...batch, resultFiles: before.resultFiles });
    assert.deepEqual(
      Object.values(after.resultFiles).map(({ key }) => key),
      Object.values(before.resultFiles).map(({ key }) => key),
    );
    assert.deepEqual(await Promise.all(Object.values(after.resultFiles).map(linesOf)), [3, 2, 1]);
  });

  it('of a run that comes later are others, and small ones are in the database again', async () => {
    const batch = await batchOf(3);
    const before = await write(batch);
    const after = await write({ ...batch, run: 1, resultFiles: before.resultFiles });
    assert.equal(after.inDatabase.length, 3);
    assert.notEqual(after.resultFiles.csv.key, before.resultFiles.csv.key);
    assert.equal(await linesOf(before.resultFiles.csv), 4);
  });
});
