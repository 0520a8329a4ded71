import assert from 'node:assert/strict';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { storeDelivery, storeSource } from '../../test/support/stored-inbound.ts';
import { InboundRepository } from './inbound.repository.ts';

describe('An event that was delivered again and again', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  it('is shown with its first bodies, up to 8 MiB', async () => {
    const source = await storeSource(db.database);
    const large = { eventId: 'the same', bodyBytes: 1_048_576 };
    const id = await storeDelivery(db.database, source, large);
    for (let times = 1; times < 10; times += 1) await storeDelivery(db.database, source, large);
    const deliveries = await db.database.read('webhooks', async ({ sql }) => {
      const repository = new InboundRepository(sql, source.tenantId);
      return await repository.deliveries(await repository.get(id ?? ''));
    });
    assert.deepEqual(
      deliveries.map(({ body }) => body),
      Array.from({ length: 10 }, (_, place) => (place < 8 ? 'sealed' : null)),
    );
  });
});
