import assert from 'node:assert/strict';
import { domains } from '../../domain/domains.ts';
import { hashPassword } from '../../platform/crypto/password-hash.ts';
import { tenantErasureWorkflowId } from '../../workflows/identity/messages.ts';
import { orderOf } from '../support/orders-system.ts';
import { sendBatch } from './batch-process.ts';
import { plantPeople } from './export-process.ts';
import { openWorkflows } from './invariants.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';
import { openShop } from './shop-order-process.ts';
import { fromShopify, paidOrderWith } from '../support/senders.ts';

const password = 'plenty of purple penguins';

/**
 * What stays: that there was an organisation, what has happened without who and what, that there was a key, and what was paid
 * for calls that were made before the end came.
 */
const stays = ['audit.audit_log', 'identity.organisations', 'identity.tenant_keys', 'search.charges'];

/** Something in every domain, of which nothing is done yet. */
async function plant(stage: Stage): Promise<void> {
  const { caller, webhooks } = stage;
  await plantPeople(stage, [{ given_name: 'Ursula', surname: 'Zanzibarquist' }]);
  await sendBatch(stage);
  const endpoint = { url: `http://${webhooks.address}/erased`, event_types: ['*'] };
  await caller.command('/v1/webhook-endpoints', () => endpoint);
  const order = orderOf({ payment: { mode: 'external' } });
  assert.equal((await caller.command('/v1/orders', () => order)).status, 201);
  const sender = await openShop(stage);
  const webhook = fromShopify(paidOrderWith('710000000000000001', '2026-11-28T10:00:00Z'), sender);
  assert.equal((await caller.deliver('/webhooks/shopify/orders', webhook)).status, 200);
}

/** An organisation that its owner deletes, while everything of it is under way. */
export const tenantErasureProcess: ProcessUnderTest = {
  name: 'erasure of an organisation',
  domains,
  underFaults: false,
  slow: 'it does all of its work twice, a quarter of a minute apart',
  points: /^(start of|endTenant|eraseTenant|destroyTenant)/,
  endsOrganisation: true,
  submit: async (stage) => {
    const { caller, database, email, userId } = stage;
    await plant(stage);
    const hash = await hashPassword(password);
    await database.transaction('identity', ({ sql }) =>
      sql('update identity.users set password_hash = $2 where id = $1', [userId, hash]),
    );
    const { body: organisation } = await caller.read('/v1/organisation');
    const session = await caller.logIn(email, password);
    const path = `/v1/organisation?name=${encodeURIComponent(organisation.name)}`;
    assert.equal((await session.remove(path)).status, 204);
    return path;
  },
  hasEnded: async ({ temporal, tenantId }) => {
    const [erasure] = await Array.fromAsync(
      temporal.workflow.list({ query: `WorkflowId = '${tenantErasureWorkflowId(tenantId)}'` }),
    );
    return erasure?.status.name === 'COMPLETED';
  },
  outcome: async (stage) => {
    const { database, tenantId, storage } = stage;
    const remains: string[] = [];
    for (const domain of domains) {
      await database.read(domain, async ({ sql }) => {
        const tables = await sql<{ name: string }>(
          `select table_name as name from information_schema.tables where table_schema = $1 and table_name <> 'migrations'`,
          [domain],
        );
        for (const { name } of tables) {
          const rows = await sql(
            `select 1 from ${domain}.${name} t where t::text like $1 or t::text ilike '%zanzibarquist%' limit 1`,
            [`%${tenantId}%`],
          );
          if (rows.length > 0) remains.push(`${domain}.${name}`);
        }
      });
    }
    const log = await database.read('audit', ({ sql }) =>
      sql('select distinct actor_id, trace_id, data from audit.audit_log where tenant_id = $1', [tenantId]),
    );
    const charges = await database.read('search', ({ sql }) =>
      sql(
        'select 1 from search.charges where tenant_id = $1 and (user_id is not null or answer is not null)',
        [tenantId],
      ),
    );
    const keys = await database.read('identity', ({ sql }) =>
      sql('select 1 from identity.tenant_keys where tenant_id = $1 and sealed is not null', [tenantId]),
    );
    assert.ok(storage);
    const files = (await Array.fromAsync(storage.list(''))).filter(({ key }) => key.includes(tenantId));
    return {
      result: {
        remains: remains.filter((table) => !stays.includes(table)),
        log,
        keys: keys.length,
        charges: charges.length,
        files: files.length,
        running: await openWorkflows(stage),
      },
      told: null,
    };
  },
};
