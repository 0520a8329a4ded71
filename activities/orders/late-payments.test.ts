import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { unconfirmedOf } from '../../db/orders/order-money.ts';
import { askAgain, type PaymentOutcome } from '../../db/orders/payments.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { TestProcessor } from '../../test/support/order-outside.ts';
import { onShipment, StoredOrders } from '../../test/support/stored-orders.ts';
import { createOrderActivities } from './order.activities.ts';

describe('A payment whose answer comes late to a worker that was thought lost', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());

  it('is said to have failed once', async () => {
    const orders = new StoredOrders(db.database, uuidv7());
    const { id: orderId } = await orders.worked({ payment: { ...onShipment, method: 'to_confirm' } });
    const input = { orderId, tenantId: orders.tenantId };
    const processor = new TestProcessor();
    const prompt = createOrderActivities({ database: db.database, payments: processor, carrier: null });
    await prompt.authorizePayment(input);
    // The customer has been sent to their bank, and it is looked whether they have been there.
    const order = await orders.change(orderId, (open) => {
      const waiting = unconfirmedOf(open.order);
      assert.ok(waiting);
      askAgain(open, waiting);
    });
    const of = { ...input, paymentId: order.payments[0]?.id ?? '' };
    const failed: PaymentOutcome = { outcome: 'declined', code: 'card_declined' };
    const { promise: thawed, resolve: thaw } = Promise.withResolvers<undefined>();
    const { promise: asked, resolve: tell } = Promise.withResolvers<undefined>();
    processor.find = () => Promise.resolve(failed);
    const slow = new TestProcessor();
    slow.find = async () => {
      tell(undefined);
      await thawed;
      return failed;
    };
    const frozen = createOrderActivities({ database: db.database, payments: slow, carrier: null });
    const late = frozen.resolvePayment(of);
    await asked;
    await prompt.resolvePayment(of);
    thaw(undefined);
    await late;
    const told = await db.database.read('orders', ({ sql }) =>
      sql(`select 1 from orders.outbox where subject = $1 and type = 'order.payment_failed'`, [
        `order:${orderId}`,
      ]),
    );
    assert.equal(told.length, 1);
  });
});
