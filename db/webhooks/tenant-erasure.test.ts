import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { claimDeliveries } from './claims.ts';
import { EndpointRepository } from './endpoint.repository.ts';
import { fanOut } from './fan-out.ts';
import { RecoveryRepository } from './recovery.ts';
import { noteLost } from './results.ts';
import { eraseTenantFromWebhooks } from './tenant-erasure.ts';

const tables = ['endpoints', 'messages', 'deliveries', 'attempts', 'recoveries'] as const;

describe('The erasure of what a tenant has had sent', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  /** Two endpoints, one of which is switched off, and messages that are under way, tried in vain, and to be sent again. */
  async function plant(): Promise<{ tenantId: string; endpointIds: string[] }> {
    const [tenantId, ...endpointIds] = [uuidv7(), uuidv7(), uuidv7()];
    await db.database.transaction('webhooks', async (transaction) => {
      const { sql } = transaction;
      const endpoints = new EndpointRepository(sql, tenantId);
      for (const [place, id] of endpointIds.entries())
        await endpoints.insert({
          id,
          url: `https://receiver.example/${tenantId}`,
          description: '',
          eventTypes: ['*'],
          payloadVersion: 1,
          ordering: 'none',
          ratePerSecond: null,
          headers: null,
          secret: 'sealed',
          createdBy: uuidv7(),
          state: place === 0 ? 'enabled' : 'paused',
        });
      const messages = Array.from({ length: 3 }, (_, number) => ({
        id: uuidv7(),
        tenantId,
        type: 'batch.submitted',
        subject: `batch:${number}`,
        occurredAt: new Date().toISOString(),
        operational: false,
        about: null,
        traceId: null,
        bodies: { 1: '{}' },
      }));
      await fanOut(transaction, messages);
      const since = new Date(0);
      const wish = { endpointId: endpointIds[0] ?? '', kind: 'failed', since, until: new Date() } as const;
      await new RecoveryRepository(sql, tenantId).create({ ...wish, createdBy: uuidv7() });
    });
    // A sender has died over them, and another has them in hand.
    for (let sender = 0; sender < 2; sender += 1)
      await db.database.transaction('webhooks', async ({ sql }) => {
        const { deliveries } = await claimDeliveries(sql, new Map(), 10, '');
        await noteLost(sql, deliveries);
        await sql(
          `update webhooks.deliveries set due_at = now() - interval '1 second' where claim is not null`,
        );
      });
    return { tenantId, endpointIds };
  }

  async function rowsOf(tenantId: string): Promise<Record<string, number>> {
    return await db.database.read('webhooks', async ({ sql }) => {
      const rows: Record<string, number> = {};
      for (const table of tables) {
        const [row] = await sql<{ many: number }>(
          `select count(*)::int as many from webhooks.${table} where tenant_id = $1`,
          [tenantId],
        );
        rows[table] = row?.many ?? 0;
      }
      return rows;
    });
  }

  it('leaves nothing, in pieces of any size, and nothing of another is touched', async () => {
    const one = await plant();
    const all = { endpoints: 2, messages: 3, deliveries: 6, attempts: 3, recoveries: 1 };
    assert.deepEqual(await rowsOf(one.tenantId), all);
    const other = await plant();
    const before = await rowsOf(other.tenantId);
    const erase = (limit: number): Promise<number> =>
      db.database.transaction('webhooks', ({ sql }) => eraseTenantFromWebhooks(sql, one.tenantId, limit));

    await erase(1);
    // From the first piece on nothing more is sent to whom it has reached.
    const [open] = await db.database.read('webhooks', ({ sql }) =>
      sql<{ many: number }>(
        `select count(*)::int as many from webhooks.endpoints where tenant_id = $1 and (state = 'deleted') = (url = '')`,
        [one.tenantId],
      ),
    );
    assert.equal(open?.many, 2);
    let gone = 1;
    while (gone > 0) gone = await erase(1);

    assert.deepEqual(Object.values(await rowsOf(one.tenantId)), [0, 0, 0, 0, 0]);
    const [health] = await db.database.read('webhooks', ({ sql }) =>
      sql<{ many: number }>(
        'select count(*)::int as many from webhooks.endpoint_health where endpoint_id = any($1)',
        [one.endpointIds],
      ),
    );
    assert.equal(health?.many, 0);
    assert.deepEqual(await rowsOf(other.tenantId), before);
  });

  it('ends a claim: what its sender notes of it afterwards is kept nowhere', async () => {
    const { tenantId } = await plant();
    const claimed = await db.database.transaction('webhooks', async ({ sql }) => {
      const { deliveries } = await claimDeliveries(sql, new Map(), 50, '');
      return deliveries.filter((delivery) => delivery.tenantId === tenantId);
    });
    assert.equal(claimed.length, 3);
    for (let gone = 1; gone > 0;)
      gone = await db.database.transaction('webhooks', ({ sql }) =>
        eraseTenantFromWebhooks(sql, tenantId, 100),
      );
    await db.database.transaction('webhooks', ({ sql }) => noteLost(sql, claimed));
    assert.equal((await rowsOf(tenantId))['attempts'], 0);
  });
});
