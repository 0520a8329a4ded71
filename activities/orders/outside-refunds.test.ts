import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { fulfillUnits } from '../../db/orders/fulfillments.ts';
import { system } from '../../db/orders/actor.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { amendOrder } from '../../db/orders/amend-order.ts';
import { cancelOrder, releaseOrder } from '../../db/orders/order-commands.ts';
import { refundedOf } from '../../db/orders/order-money.ts';
import { openForWork, reserveOrder } from '../../db/orders/order-steps.ts';
import type { Order, Payment } from '../../db/orders/order.ts';
import { addPayment, markPaid } from '../../db/orders/outside-events.ts';
import { takeOutsideRefund } from '../../db/orders/outside-refunds.ts';
import { beginPayment, reserveCorrections, reservePayment, settlePayment } from '../../db/orders/payments.ts';
import { overpaidOf } from '../../db/orders/refund-money.ts';
import { reserveRefund } from '../../db/orders/refunds.ts';
import { Failure } from '../../domain/failure.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { elsewhere, lineOf, ship, StoredOrders } from '../../test/support/stored-orders.ts';
import { ToldWebhooks } from '../../test/support/told-webhooks.ts';

const externalId = '820982911946154508';
const refundId = '890088186047892319';

/** Two posters and a frame for 30.00 and 5.00 of shipping. */
function shopOrder(change: object = {}): object {
  return {
    id: externalId,
    currency: 'USD',
    financial_status: 'paid',
    cancelled_at: null,
    total_shipping_price_set: { shop_money: { amount: '5.00' } },
    line_items: [
      { id: '487817672276298554', sku: 'POSTER', title: 'Poster', quantity: 2, price: '10.00' },
      { id: 8, sku: 'FRAME', title: 'Frame', quantity: 1, price: '10.00' },
    ],
    ...change,
  };
}

function shopRefund(amount: string | null, change: object = {}): object {
  return {
    id: refundId,
    order_id: externalId,
    transactions: amount === null ? [] : [{ kind: 'refund', status: 'success', amount, currency: null }],
    refund_line_items: [],
    ...change,
  };
}

const posters = (quantity: number, restock_type = 'cancel') => ({
  refund_line_items: [{ line_item_id: '487817672276298554', quantity, restock_type }],
});

describe('Refunds that were made elsewhere', () => {
  let db: TestDatabase;
  let told: ToldWebhooks;
  let stored: StoredOrders;
  before(async () => {
    db = await testDatabase({ of: ['orders', 'designs'] });
  });
  after(() => db?.close());
  beforeEach(() => {
    told = new ToldWebhooks(db.database);
    stored = new StoredOrders(db.database, told.tenantId);
  });

  let second = 0;
  const order = (change: object = {}) =>
    told.tell('webhook.order_updated', shopOrder(change), {
      provider: 'shopify',
      topic: 'orders/updated',
      entity: { kind: 'order', external_id: externalId },
      occurred_at: new Date(Date.UTC(2026, 10, 28) + (second += 1_000)).toISOString(),
    });
  const refund = (amount: string | null, change: object = {}) =>
    told.tell('webhook.order_refunded', shopRefund(amount, change), {
      provider: 'shopify',
      topic: 'refunds/create',
      entity: { kind: 'refund', external_id: refundId },
    });
  const stripe = (object: object, occurred_at: string | null = null) =>
    told.tell(
      'webhook.payment_refunded',
      { data: { object } },
      { provider: 'stripe', topic: 'refund.updated', occurred_at },
    );
  const stripeRefund = (amount: number, change: object = {}) =>
    stripe({
      object: 'refund',
      id: 're_1',
      amount,
      currency: 'eur',
      status: 'succeeded',
      payment_intent: 'pi_1',
      metadata: {},
      ...change,
    });
  const stripeTotal = (amount_refunded: number, at: string | null = null) =>
    stripe({ object: 'charge', id: 'ch_1', payment_intent: 'pi_1', amount_refunded, currency: 'eur' }, at);
  const worked = async (): Promise<Order> => {
    const { id } = await told.order();
    return await stored.change(id, async (open) => {
      await reserveOrder(open);
      openForWork(open);
    });
  };
  const inCents = async () => {
    const now = await told.order();
    return [now.paymentStatus, refundedOf(now)];
  };
  const amounts = async (type: string) => (await told.events(type)).map(({ amount }) => amount);

  describe('at a shop', () => {
    it('are taken over once, by all their digits, whatever tells of them', async () => {
      await order();
      await refund('12.34');
      await order({ financial_status: 'partially_refunded', refunds: [shopRefund('12.34')] });
      assert.deepEqual(await inCents(), ['partially_refunded', 1_234n]);
      const [event, ...more] = await told.events('order.refunded');
      assert.deepEqual(
        [event?.['amount'], event?.['currency'], event?.['external_refund_id'], event?.['actor'], more],
        ['1234', 'USD', refundId, 'source', []],
      );
      assert.deepEqual(await told.events('order.refund_due'), []);
      // Nothing of it has to be looked up, or is ours to give back.
      const [{ state, parentId } = {}] = (await told.order()).payments;
      assert.deepEqual([state, parentId], ['settled', null]);
    });

    it('are in the order already when that is told of after them', async () => {
      await refund('10.00');
      await order({ financial_status: 'partially_refunded', refunds: [shopRefund('10.00')] });
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      assert.deepEqual(await amounts('order.refunded'), ['1000']);
    });

    it('take the units out that have not left, of packages too, and free their stock', async () => {
      await stored.stock('POSTER', { berlin: 5 });
      await order();
      const { id, lines } = await worked();
      await stored.change(id, async (open) => {
        await fulfillUnits(
          open,
          lines.map(({ id: lineId, quantity }) => ({ lineId, quantity })),
        );
      });
      await refund('10.00', posters(1));
      const now = await told.order();
      assert.deepEqual(
        now.lines.map(({ cancelled, allocated }) => [cancelled, allocated]),
        [
          [1, 1],
          [0, 1],
        ],
      );
      const packages = now.fulfillments.map(({ status, location, lines: within }) =>
        [status, location, ...within.map(({ quantity }) => quantity)].join(' '),
      );
      assert.deepEqual(
        new Set(packages),
        new Set(['cancelled berlin 2', 'allocated berlin 1', 'allocated made-to-order 1']),
      );
      assert.equal(packages.length, 3);
      const stock = await db.database.read('orders', ({ sql }) =>
        sql('select on_hand, reserved from orders.stock where tenant_id = $1', [told.tenantId]),
      );
      assert.deepEqual(stock, [{ on_hand: 5, reserved: 1 }]);
      const [amended] = await told.events('order.amended');
      assert.deepEqual(amended?.['cancelled'], [{ line_id: lines[0]?.id, quantity: 1 }]);
      const [event] = await told.events('order.refunded');
      assert.deepEqual(event?.['lines'], [{ line_id: lines[0]?.id, quantity: 1 }]);
      assert.deepEqual(await told.events('order.refund_due'), []);
    });

    it('of all units cancel the order, however little was given back', async () => {
      await order();
      await refund('8.50', {
        refund_line_items: [
          ...posters(2).refund_line_items,
          { line_item_id: 8, quantity: 1, restock_type: 'no_restock' },
        ],
      });
      assert.equal((await told.order()).status, 'cancelled');
      assert.deepEqual(await inCents(), ['partially_refunded', 850n]);
      assert.deepEqual(await told.events('order.refund_due'), [], 'it is as the shop wanted it');
    });

    it('let go on what was missing', async () => {
      await stored.stock('POSTER', { berlin: 1 });
      await order();
      assert.equal((await worked()).status, 'customer_action_required');
      await refund('10.00', posters(1));
      const { status, lines } = await told.order();
      assert.deepEqual([status, lines[0]?.missing, lines[0]?.cancelled], ['processing', false, 1]);
    });

    it('are for the units that were taken out here before, and for no others', async () => {
      await order();
      const { id, lines } = await worked();
      await stored.change(id, (open) =>
        amendOrder(open, { lines: [{ lineId: lines[0]?.id ?? '', quantity: 1 }], removeMissing: false }),
      );
      assert.deepEqual(await amounts('order.refund_due'), ['1000']);
      await refund('10.00', posters(1));
      assert.equal((await told.order()).lines[0]?.cancelled, 1);
      await refund('10.00', { ...posters(1), id: 2 });
      assert.equal((await told.order()).lines[0]?.cancelled, 2, 'another unit is another');
      assert.deepEqual(await amounts('order.refund_due'), ['1000']);
    });

    it('mark units as refunded that have left', async () => {
      await order();
      const { id } = await worked();
      await stored.change(id, async (open) => void (await ship(open, 2)));
      await refund('10.00', posters(1, 'return'));
      const { lines, refundsSetOff } = await told.order();
      assert.deepEqual([lines[0]?.refunded, lines[0]?.cancelled, refundsSetOff], [1, 0, 1_000n]);
    });

    it('count when their money has moved, and no more when it has come back', async () => {
      await order();
      const moved = (status: string) => ({
        transactions: [{ kind: 'refund', status, amount: '10.00', currency: 'USD' }],
      });
      await refund(null, moved('pending'));
      assert.deepEqual(await inCents(), ['paid', 0n]);
      await order({ refunds: [shopRefund(null, moved('success'))] });
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      await order({ refunds: [shopRefund(null, moved('failure'))] });
      assert.deepEqual(await inCents(), ['paid', 0n]);
      assert.equal((await told.events('order.refunded')).length, 1);
      assert.equal((await told.events('order.refund_failed')).length, 1);
    });

    it('that have failed are of the same units as what is made in their place', async () => {
      await order();
      const { id } = await worked();
      await stored.change(id, async (open) => void (await ship(open, 2)));
      const moved = (status: string, name: number) => ({
        ...posters(1, 'return'),
        id: name,
        transactions: [{ kind: 'refund', status, amount: '10.00', currency: 'USD' }],
      });
      await refund(null, moved('pending', 1));
      await order({ refunds: [shopRefund(null, moved('failure', 1))] });
      await refund(null, moved('success', 2));
      const { lines, refundsSetOff } = await told.order();
      assert.deepEqual([lines[0]?.refunded, refundsSetOff], [1, 1_000n]);
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      await refund(null, moved('success', 3));
      assert.equal((await told.order()).lines[0]?.refunded, 2, 'another unit is another');
    });

    it('are no payment of what was added here', async () => {
      await order({ financial_status: 'pending' });
      const { id } = await worked();
      await stored.change(id, (open) =>
        amendOrder(open, { lines: [], removeMissing: false, addLines: [lineOf({ quantity: 1 })] }),
      );
      await order();
      const { externalPaid, paymentStatus } = await told.order();
      assert.deepEqual([externalPaid, paymentStatus], [3_500n, 'partially_paid']);
    });

    it('are no more than anybody makes of one order', async () => {
      const refunds = Array.from({ length: 501 }, (_, index) => ({ id: index + 1 }));
      await assert.rejects(
        order({ refunds }),
        (error) => error instanceof Failure && error.code === 'orders.shop_order_unreadable',
      );
    });

    it('count for nothing in another currency, and are told', async () => {
      await order();
      await refund(null, {
        transactions: [{ kind: 'refund', status: 'success', amount: '900', currency: 'JPY' }],
      });
      assert.deepEqual(await inCents(), ['paid', 0n]);
      const [event, ...more] = (await told.events('order.payment_changed')).filter(({ problem }) => problem);
      assert.deepEqual(
        [event?.['problem'], event?.['refunded'], event?.['currency'], more],
        ['currency_mixed', '900', 'JPY', []],
      );
      const [{ state, code, amount } = {}] = (await told.order()).payments;
      assert.deepEqual([state, code, amount], ['failed', 'currency_mixed', 0n]);
    });

    it('are never more than was paid', async () => {
      await order();
      await refund('99.00');
      assert.deepEqual(await inCents(), ['refunded', 3_500n]);
    });

    it('of the whole order are told with names when those come after it', async () => {
      await order();
      await order({ financial_status: 'refunded' });
      assert.equal((await told.order()).status, 'cancelled');
      await refund('35.00');
      assert.deepEqual(await inCents(), ['refunded', 3_500n]);
      assert.deepEqual(await amounts('order.refunded'), ['3500']);
      assert.deepEqual(
        (await told.order()).payments.map(({ reference, amount }) => [reference, amount]),
        [[refundId, 3_500n]],
      );
    });

    it('are the same that the processor tells of, and not given back twice', async () => {
      await order();
      const { id } = await told.order();
      await stored.change(id, (open) =>
        addPayment(open, { reference: 'pi_1', amount: 3_500n, currency: 'USD' }),
      );
      await refund('10.00');
      await stripeRefund(1_000, { currency: 'usd' });
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      assert.deepEqual(await amounts('order.refunded'), ['1000']);
    });

    it('that are none are for people to look at', async () => {
      await assert.rejects(
        refund(null, { order_id: null }),
        (error) => error instanceof Failure && error.code === 'orders.refund_unreadable',
      );
      await assert.rejects(
        stripe({ object: 'refund', id: 're_1' }),
        (error) => error instanceof Failure && error.code === 'orders.refund_unreadable',
      );
    });
  });

  describe('at Stripe, of a payment that was made elsewhere', () => {
    const paid = async (): Promise<Order> => {
      const { id } = await stored.worked({ payment: elsewhere });
      return await stored.change(id, (open) =>
        addPayment(open, { reference: 'pi_1', amount: 3_490n, currency: 'EUR' }),
      );
    };

    it('are known by the payment, and wait for it', async () => {
      const { id } = await paid();
      assert.deepEqual(
        (await told.events('order.external_ids_added')).map(({ external_ids }) => external_ids),
        [['stripe:payment_intent:pi_1']],
      );
      await stripeRefund(490, { status: 'pending' });
      assert.deepEqual(await inCents(), ['paid', 0n]);
      await stripeRefund(490);
      await stripeRefund(490);
      assert.deepEqual(await inCents(), ['partially_refunded', 490n]);
      await stripeRefund(490, { status: 'failed', failure_reason: 'lost_or_stolen_card' });
      await stripeRefund(490);
      assert.deepEqual(await inCents(), ['paid', 0n], 'what has failed stays so');
      const [failed] = await told.events('order.refund_failed');
      assert.deepEqual(
        [failed?.['order_id'], failed?.['code'], failed?.['external_refund_id']],
        [id, 'lost_or_stolen_card', 're_1'],
      );
    });

    it('are told once, by a sum or by name, whichever comes first', async () => {
      await paid();
      await stripeTotal(1_500);
      assert.deepEqual(await amounts('order.refunded'), ['1500']);
      await stripeRefund(500);
      await stripeRefund(1_000, { id: 're_2', status: 'pending' });
      await stripeTotal(1_500);
      assert.deepEqual(await inCents(), ['partially_refunded', 1_500n]);
      await stripeRefund(90, { id: 're_3' });
      await stripeTotal(1_590);
      await stripeTotal(1_500);
      assert.deepEqual(await amounts('order.refunded'), ['1500', '90']);
      assert.deepEqual(
        new Map((await told.order()).payments.map(({ reference, amount }) => [reference, amount])),
        new Map([
          ['re_1', 500n],
          ['re_2', 1_000n],
          ['re_3', 90n],
        ]),
      );
    });

    it('keep the order back when nothing is paid any more, until people say otherwise', async () => {
      const { id } = await paid();
      await stripeRefund(3_490);
      const held = await told.order();
      assert.deepEqual([held.status, held.holdReason], ['on_hold', 'refunded_elsewhere']);
      await stored.change(id, releaseOrder);
      await stripeRefund(3_490);
      assert.equal((await told.order()).status, 'processing');
      assert.deepEqual(await inCents(), ['refunded', 3_490n]);
    });

    it('keep back also what goes on because its customer has answered', async () => {
      await stored.stock('MUG', { berlin: 1 });
      const { id } = await stored.worked({
        payment: elsewhere,
        lines: [lineOf({ quantity: 2 }), lineOf({ sku: 'CUP', quantity: 1 })],
      });
      await stored.change(id, (open) =>
        addPayment(open, { reference: 'pi_1', amount: 3_490n, currency: 'EUR' }),
      );
      await stripeRefund(3_490);
      assert.equal((await told.order()).status, 'customer_action_required');
      const { status, holdReason } = await stored.change(id, (open) =>
        amendOrder(open, { lines: [], removeMissing: true }),
      );
      assert.deepEqual([status, holdReason], ['on_hold', 'refunded_elsewhere']);
    });

    it('that have failed are in no sum that is told late', async () => {
      await paid();
      const before = '2026-11-28T10:00:00Z';
      await stripeTotal(490, before);
      await stripeRefund(490);
      await stripeRefund(490, { status: 'failed', failure_reason: 'lost_or_stolen_card' });
      await stripeTotal(490, before);
      assert.deepEqual(await inCents(), ['paid', 0n]);
      await stripeTotal(490, '2999-11-28T10:00:00Z');
      assert.deepEqual(await inCents(), ['partially_refunded', 490n], 'one that was made after it');
    });

    it('count as soon as their payment is known', async () => {
      const { id, number } = await stored.worked({ payment: elsewhere });
      await stripeRefund(1_000, { metadata: { order_id: number } });
      assert.deepEqual(await inCents(), ['unpaid', 0n]);
      await stored.change(id, (open) => markPaid(open, 3_490n));
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
    });
  });

  describe('at Stripe, of a payment to us', () => {
    const held = (open: OpenOrder): void => {
      const { id } = reservePayment(open, {
        kind: 'authorize',
        key: 'authorize',
        amount: 3_490n,
        parentId: null,
      });
      settlePayment(open, id, { outcome: 'succeeded', reference: 'pi_1' });
      const { id: taken } = reservePayment(open, {
        kind: 'capture',
        key: 'capture',
        amount: 3_490n,
        parentId: id,
        final: true,
      });
      settlePayment(open, taken, { outcome: 'succeeded', reference: 'pi_1' });
    };
    const paid = async (): Promise<Order> => {
      const { id } = await stored.worked();
      return await stored.change(id, held);
    };

    it('are taken over, and our own are not taken for others', async () => {
      const { id } = await paid();
      await stripeRefund(1_000, { id: 're_other' });
      const key = `refund:goodwill:${uuidv7()}`;
      await stored.change(id, (open) => {
        const own = { key, amount: 490n, cause: 'goodwill', reason: null } as const;
        for (const one of reserveRefund(open, { ...own, lines: [] })) beginPayment(open, one.id);
      });
      // Stripe may tell before its answer to our call has come.
      const own = { id: 're_own', metadata: { idempotency_key: key } };
      await stripeRefund(490, own);
      await stripeTotal(1_490);
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      await stored.change(id, (open) => {
        const mine = open.order.payments.find((one) => one.key === key);
        settlePayment(open, mine?.id ?? '', { outcome: 'succeeded', reference: 're_own' });
      });
      await stripeRefund(490, own);
      await stripeTotal(1_490);
      assert.deepEqual(await inCents(), ['partially_refunded', 1_490n]);
      assert.deepEqual(await amounts('order.refunded'), ['1000', '490']);
      await stripeRefund(490, { ...own, status: 'failed', failure_reason: 'expired_or_canceled_card' });
      assert.deepEqual(await inCents(), ['partially_refunded', 1_000n]);
      assert.deepEqual(await amounts('order.refund_failed'), ['490']);
    });

    it('are told too late for ours, which is made again for the rest', async () => {
      const { id } = await paid();
      await stored.change(id, (open) => cancelOrder(open, 'a_test'));
      const refuse = (open: OpenOrder): void => {
        for (const one of reserveCorrections(open))
          settlePayment(open, one.id, { outcome: 'declined', code: 'amount_exceeded' });
      };
      assert.equal(overpaidOf(await stored.change(id, refuse)), 0n, 'it is not tried for ever');
      await stripeRefund(1_000);
      await stripeTotal(1_000);
      const corrections = (await told.order()).payments.filter(({ cause }) => cause === 'correction');
      assert.deepEqual(
        corrections.map(({ amount, state }) => [amount, state]),
        [
          [3_490n, 'failed'],
          [2_490n, 'reserved'],
        ],
      );
      const [asked, ...more] = await told.events('order.refund_requested');
      assert.deepEqual(
        [asked?.['refund_id'], asked?.['key'], more],
        [corrections[1]?.id, corrections[1]?.key, []],
      );
    });

    it('are known to be later than ours, however long they have waited for it', async () => {
      const { id } = await paid();
      await stored.change(id, (open) => cancelOrder(open, 'a_test'));
      const refused = await db.database.transaction('orders', async (transaction) => {
        await transaction.sql('select 1');
        const ours: Payment[] = [];
        await stored.change(id, (open) => void ours.push(...reserveCorrections(open)));
        await stored.change(id, () => undefined);
        return await changeOrder(transaction, told.tenantId, id, system, async (open) => {
          const by = { by: 'stripe', of: 'pi_1' };
          const theirs = { reference: 're_1', key: null, amount: 1_000n, currency: 'EUR', code: null };
          await takeOutsideRefund(open, by, { ...theirs, state: 'succeeded', lines: [] });
          settlePayment(open, ours[0]?.id ?? '', { outcome: 'declined', code: 'amount_exceeded' });
        });
      });
      assert.equal(overpaidOf(refused), 2_490n);
      assert.equal(overpaidOf(await stored.change(id, () => undefined)), 2_490n);
    });

    it('are in a sum in which ours, that is not made yet, is not', async () => {
      const { id } = await paid();
      await stored.change(id, (open) => {
        reserveRefund(open, { key: 'own', amount: 490n, cause: 'goodwill', lines: [], reason: null });
      });
      await stripeTotal(490);
      assert.deepEqual(await inCents(), ['partially_refunded', 490n]);
    });

    it('are no matter of an order that another payment is of', async () => {
      const { number } = await paid();
      await stripeRefund(1_000, { payment_intent: 'pi_2', metadata: { order_id: number } });
      assert.deepEqual(await inCents(), ['paid', 0n]);
    });
  });
});
