import assert from 'node:assert/strict';
import { domainsOfPeople } from '../../domain/search/erasure.ts';
import { endedBatch, endedImport } from '../support/batches.ts';
import { orderOf } from '../support/orders-system.ts';
import { plantPeople } from './export-process.ts';
import { accepted, eventsOf } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';

/** One that the vendor knows. */
const phone = '+14155550002';

/** A person who is forgotten: among people, in a batch and an import that are done, in the answers, and as a customer. */
export const personErasureProcess: ProcessUnderTest = {
  name: 'erasure of a person',
  domains: ['search', ...domainsOfPeople],
  points: /eras|retired|^start|mark of search/i,
  // It waits for every batch and import of its organisation.
  underFaults: false,
  submit: async (stage) => {
    const { caller, database, storage, tenantId } = stage;
    assert.ok(storage);
    await plantPeople(stage, [
      { given_name: 'Quillon', surname: 'Vexley', phone },
      { given_name: 'Ada', surname: 'Lovelace' },
    ]);
    await caller.command('/v1/search/phone', () => ({ phone }));
    const customer = { email: 'quillon@example.com', name: 'Quillon Vexley', phone };
    const order = orderOf({ customer, payment: { mode: 'external' }, fulfillment: 'manual' });
    const { body: placed } = await caller.command('/v1/orders', () => order);
    await caller.command(`/v1/orders/${placed.id}/cancel`);
    await endedBatch({ database, storage }, tenantId);
    await endedImport({ database, storage }, tenantId);
    return accepted(await caller.command('/v1/erasures', () => ({ phones: [phone] })));
  },
  outcome: async (stage, address) => {
    const { database, tenantId } = stage;
    const { body: erasure } = await stage.caller.read(address);
    const people = await database.read('search', ({ sql }) =>
      sql<{ surname: string }>(
        "select fields ->> 'surname' as surname from search.persons where tenant_id = $1",
        [tenantId],
      ),
    );
    const customers = await database.read('orders', ({ sql }) =>
      sql<{ known: boolean }>(
        `select customer::text like '%Vexley%' as known from orders.orders where tenant_id = $1`,
        [tenantId],
      ),
    );
    return {
      result: { state: erasure.state, report: erasure.report, left: people, customers },
      told: await eventsOf(stage, `erasure:${erasure.id}`),
    };
  },
};
