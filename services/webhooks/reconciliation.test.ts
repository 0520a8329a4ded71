import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { SourceRepository } from '../../db/webhooks/source.repository.ts';
import { parseKeyRing } from '../../platform/crypto/secret-box.ts';
import { createLogger } from '../../platform/log.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { testEncryptionKeys } from '../../test/support/encryption.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import { createReconciliation } from './reconciliation.ts';
import { SourceSecrets } from './source-secrets.ts';

const minuteMs = 60_000;

describe('Asking a provider that was away for hours', () => {
  let db: TestDatabase;
  let vendor: Vendor;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
    vendor = await startVendor();
  });
  after(async () => {
    await vendor?.close();
    await db?.close();
  });

  it('goes on where the look before has broken off', async () => {
    const { database } = db;
    const [id, tenantId] = [uuidv7(), uuidv7()];
    const secrets = new SourceSecrets(parseKeyRing(testEncryptionKeys));
    const owner = { id, tenantId };
    const credentials = secrets.sealCredentials(owner, { token: 'rk_1', base_url: vendor.origin });
    const began = Date.now();
    const lastAsked = new Date(began - 140 * minuteMs);
    await database.transaction('webhooks', async ({ sql }) => {
      await new SourceRepository(sql, tenantId).add({
        id,
        kind: 'stripe',
        name: 'payments',
        account: null,
        verifier: null,
        reading: {},
        holdUnknown: true,
        secrets: secrets.seal(owner, [{ value: 'whsec_1', until: null }]),
        secretFingerprints: [],
        credentials,
        createdBy: uuidv7(),
      });
      await sql('update webhooks.sources set reconciled_until = $2 where id = $1', [id, lastAsked]);
    });
    const reconciliation = createReconciliation({
      database,
      secrets,
      config: { OUTBOUND_ALLOW_PRIVATE: [vendor.host] },
      log: createLogger('test', 'silent'),
    });
    const look = async () => {
      await database.transaction('webhooks', ({ sql }) =>
        sql('update webhooks.sources set reconcile_due_at = now() where id = $1', [id]),
      );
      const { failed } = await reconciliation.run(new AbortController().signal);
      const source = await database.read('webhooks', ({ sql }) =>
        new SourceRepository(sql, tenantId).get(id),
      );
      return { failed, until: new Date(source.reconciledUntil ?? 0).getTime() };
    };
    const asked = () =>
      vendor.requests.map(({ url }) => {
        const { searchParams } = new URL(url, vendor.origin);
        return ['created[gte]', 'created[lte]'].map((name) => Number(searchParams.get(name)));
      });
    const seconds = (minutes: number): number =>
      Math.floor((lastAsked.getTime() + minutes * minuteMs) / 1_000);
    try {
      const nothing = { body: { object: 'list', data: [], has_more: false } };
      vendor.reply = (_, count) => (count === 2 ? { status: 500 } : nothing);
      const first = await look();
      assert.deepEqual(first, { failed: 1, until: lastAsked.getTime() + 50 * minuteMs });
      const second = await look();
      assert.equal(second.failed, 0);
      assert.ok(second.until >= began);
      assert.deepEqual(asked(), [
        [seconds(-10), seconds(50)],
        [seconds(50), seconds(110)],
        [seconds(40), seconds(100)],
        [seconds(100), 0],
      ]);
    } finally {
      await reconciliation.close();
    }
  });
});
