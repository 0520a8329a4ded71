import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { claimDeliveries } from './claims.ts';
import { EndpointRepository } from './endpoint.repository.ts';
import { fanOut } from './fan-out.ts';

describe('Claims on messages to endpoints', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  it('go to all endpoints in turn, where each has more to send than there is room for', async () => {
    const [tenantId, ...endpointIds] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()].toSorted();
    await db.database.transaction('webhooks', async (transaction) => {
      const endpoints = new EndpointRepository(transaction.sql, tenantId ?? '');
      for (const id of endpointIds)
        await endpoints.insert({
          id,
          url: 'https://receiver.example/',
          description: '',
          eventTypes: ['*'],
          payloadVersion: 1,
          ordering: 'none',
          ratePerSecond: null,
          headers: null,
          secret: 'sealed',
          createdBy: uuidv7(),
          state: 'enabled',
        });
      await fanOut(
        transaction,
        Array.from({ length: 40 }, (_, number) => ({
          id: uuidv7(),
          tenantId: tenantId ?? '',
          type: 'batch.submitted',
          subject: `batch:${number}`,
          occurredAt: new Date().toISOString(),
          operational: false,
          about: null,
          traceId: null,
          bodies: { 1: '{}' },
        })),
      );
    });
    const served: string[] = [];
    for (let look = 0, turn = ''; look < 4; look += 1) {
      // All that was taken before is done.
      const claims = await db.database.transaction('webhooks', ({ sql }) =>
        claimDeliveries(sql, new Map(), 10, '', turn),
      );
      ({ turn } = claims);
      served.push(...new Set(claims.deliveries.map(({ endpointId }) => endpointId)));
    }
    const [first] = endpointIds;
    assert.deepEqual(served, [...endpointIds, first]);
  });
});
