import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { exportContext, exportSubjectKey } from '../../domain/identity/export.ts';
import { erasureContext, erasureSubjectKey } from '../../domain/search/erasure.ts';
import type { Config } from '../../platform/config.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { FolderStorage } from '../../platform/storage/folder.ts';
import { FileStorage } from '../../services/storage/file-storage.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { runFolder } from '../../test/support/run.ts';
import { storeDelivery, storeSource } from '../../test/support/stored-inbound.ts';
import { createWebhookExportActivities } from './data-export.activities.ts';
import { createWebhookPersonErasureActivities } from './person-erasure.activities.ts';

const ringOf = (id: string, byte: number) =>
  parseKeyRing(`${id}:${Buffer.alloc(32, byte).toString('base64')}`);

const run = async <T>(work: () => Promise<T>): Promise<T> =>
  (await new MockActivityEnvironment().run(work)) as T;

describe('Bodies of webhooks that can’t be opened any more', () => {
  const keys = ringOf('here', 1);
  const ids = { tenantId: uuidv7(), exportId: uuidv7(), erasureId: uuidv7(), userId: uuidv7() };
  const { tenantId } = ids;
  let test: TestDatabase;
  let services: Parameters<typeof createWebhookExportActivities>[0];

  before(async () => {
    test = await testDatabase({ of: ['webhooks'] });
    const root = await mkdtemp(join(await runFolder(), 'files-'));
    const folder = new FolderStorage({ root, baseUrl: 'http://127.0.0.1', secret: 's'.repeat(32) });
    const storage = new FileStorage(folder, test.database);
    services = { database: test.database, storage, config: { ENCRYPTION_KEYS: keys } as Config };
    const box = new SecretBox(keys);
    for (const [key, context] of [
      [exportSubjectKey(tenantId, ids.exportId), exportContext(tenantId, ids.exportId)],
      [erasureSubjectKey(tenantId, ids.erasureId), erasureContext(tenantId, ids.erasureId)],
    ] as const) {
      const sealed = box.seal(JSON.stringify({ emails: ['ada@example.com'] }), context);
      await storage.put(key, Buffer.from(sealed), { contentType: 'text/plain', maxBytes: 100_000 });
    }
    const source = await storeSource(test.database, tenantId);
    const take = async (body: string, ring: typeof keys): Promise<void> => {
      const id = uuidv7();
      const sealed = new SourceSecrets(ring).sealBody(tenantId, id, body);
      await storeDelivery(test.database, source, { id, body: sealed });
    };
    await take('{"email": "ada@example.com"}', ringOf('gone', 2));
    await take('{"email": "ada@example.com"}', keys);
    await take('{"email": "grace@example.com"}', keys);
    await test.database.transaction('webhooks', ({ sql }) =>
      sql(`update webhooks.inbound_events set state = 'processed', settled_at = now()`),
    );
  });
  after(() => test?.close());

  it('don’t hold up an export of a person', async () => {
    const activities = createWebhookExportActivities(services);
    const input = { ...ids, kind: 'person', from: null } as const;
    const { parts, next } = await run(() => activities.exportPart(input));
    assert.equal(next, null);
    assert.deepEqual(
      parts.filter(({ file }) => file.includes('inbound_bodies')).map(({ rows }) => rows),
      [1],
    );
  });

  it('are forgotten with the bodies that speak of a person, as nobody can tell whether they do', async () => {
    const activities = createWebhookPersonErasureActivities(services);
    const before = new Date(Date.now() + 60_000).toISOString();
    const input = { ...ids, before };
    const { counts } = await run(() => activities.erasePersonData(input));
    assert.equal(counts['webhooks'], 2);
    const kept = await test.database.read('webhooks', ({ sql }) =>
      sql('select 1 from webhooks.inbound_deliveries where tenant_id = $1 and body is not null', [tenantId]),
    );
    assert.equal(kept.length, 1);
  });
});
