import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  deliver,
  elsewhere,
  lineOf,
  onShipment,
  settled,
  ship,
  StoredOrders,
} from '../../test/support/stored-orders.ts';
import { callOff, fulfillUnits, splitOrder } from './fulfillments.ts';
import type { NewLine } from './new-lines.ts';
import type { OpenOrder } from './open-order.ts';
import { reserveOrder, settle, standingOf } from './order-steps.ts';
import { amendOrder } from './amend-order.ts';
import { cancelOrder, holdOrder, releaseOrder } from './order-commands.ts';
import { amountToTake, authorizationOf, heldInVain, isLastCapture } from './order-money.ts';
import type { Order } from './order.ts';
import { addPayment, markPaid } from './outside-events.ts';
import { takeOutsideRefund } from './outside-refunds.ts';
import { reserveCorrections, reservePayment, settlePayment } from './payments.ts';
import { overpaidOf, refundableOf } from './refund-money.ts';
import { reserveRefund, takeRefundable } from './refunds.ts';
import { approveReturn, receiveReturn, requestReturn, ReturnRepository } from './returns.ts';
import { settleReturn } from './settle-return.ts';

describe('The money of an order', () => {
  let db: TestDatabase;
  let orders: StoredOrders;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());
  beforeEach(() => {
    orders = new StoredOrders(db.database, uuidv7());
  });

  const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;
  const refund = (open: OpenOrder, amount: bigint) =>
    reserveRefund(open, { key: `refund:${amount}`, amount, cause: 'goodwill', lines: [], reason: null });

  describe('of an order with an exchange', () => {
    /** One mug comes back, for some of something else. */
    const exchange = async (
      id: string,
      quantity = 1,
      canCharge = true,
    ): Promise<{ order: Order; exchangeOrderId: string | null }> => {
      let returnId = '';
      const order = await orders.change(id, async (open) => {
        const lineId = open.order.lines[0]?.id ?? '';
        returnId = await requestReturn(open, {
          lines: [{ lineId, quantity: 1 }],
          reason: null,
          replacement: [{ sku: 'MUG', quantity }],
        });
        const returns = new ReturnRepository(open.transaction.sql, orders.tenantId);
        await approveReturn(open, await returns.get(returnId));
        const one = await returns.get(returnId);
        await receiveReturn(open, one, [{ lineId, quantity: 1 }], null);
        await settleReturn(open, one, canCharge);
      });
      const { exchangeOrderId } = await db.database.read('orders', ({ sql }) =>
        new ReturnRepository(sql, orders.tenantId).get(returnId),
      );
      return { order, exchangeOrderId };
    };

    it('is not given back as far as something else was sent for it', async () => {
      const { id } = await orders.delivered();
      await exchange(id);
      await assert.rejects(
        orders.change(id, (open) => void refund(open, 3_490n)),
        failsWith('orders.refund_exceeded'),
      );
      const order = await orders.change(id, (open) => void refund(open, 2_490n));
      assert.equal(refundableOf(order), 0n);
    });

    it('is no credit for an exchange when it was given back before', async () => {
      const { id } = await orders.delivered();
      await orders.change(id, (open) => void refund(open, 3_490n));
      const { exchangeOrderId } = await exchange(id);
      const instead = await orders.change(exchangeOrderId ?? '', () => undefined);
      assert.equal(instead.credit, 0n);
      assert.deepEqual(await orders.dueBack(id), [], 'and nobody owes it');
    });

    it('can be given back when the exchange comes to nothing', async () => {
      const { id } = await orders.delivered();
      const { exchangeOrderId } = await exchange(id);
      assert.ok(exchangeOrderId);
      await orders.change(exchangeOrderId, (open) => cancelOrder(open, 'a_test'));
      const order = await orders.change(id, (open) => void refund(open, 3_490n));
      assert.equal(refundableOf(order), 0n);
    });

    it('is paid back instead when nobody could take what the exchange costs more', async () => {
      const { id } = await orders.delivered();
      const { exchangeOrderId, order } = await exchange(id, 2, false);
      assert.equal(exchangeOrderId, null);
      assert.deepEqual(
        order.payments.filter(({ kind }) => kind === 'refund').map(({ amount }) => amount),
        [1_000n],
      );
      const { id: other } = await orders.delivered();
      assert.ok((await exchange(other, 1, false)).exchangeOrderId, 'one that costs no more needs nobody');
    });
  });

  it('is let go as far as it is held for what was taken out after a part was shipped', async () => {
    const { id } = await orders.worked({ payment: onShipment });
    await orders.change(id, (open) => settled(open, 'authorize', 3_490n));
    const partly = await orders.change(id, async (open) => {
      const one = await ship(open, 2);
      assert.equal(isLastCapture(open.order, one.id), false);
      settled(open, 'capture', 2_490n, { fulfillmentId: one.id });
    });
    assert.equal(heldInVain(partly), 0n, 'one unit is yet to be shipped');
    const whole = await orders.change(id, (open) =>
      amendOrder(open, {
        lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity: 2 }],
        removeMissing: false,
      }),
    );
    assert.equal(whole.status, 'shipped');
    assert.equal(heldInVain(whole), 1_000n);
    assert.equal(standingOf(whole).payment.toVoid, true);
  });

  it('is not let go twice: the processor does so itself after the last capture', async () => {
    const { id } = await orders.worked({ payment: onShipment });
    await orders.change(id, (open) => settled(open, 'authorize', 4_000n));
    const order = await orders.change(id, async (open) => {
      const one = await ship(open, 3);
      assert.equal(isLastCapture(open.order, one.id), true);
      settled(open, 'capture', 3_490n, { fulfillmentId: one.id, final: true });
    });
    assert.equal(heldInVain(order), 0n);
  });

  it('is not taken again for a package in the place of one that was called off after it was paid', async () => {
    const { id } = await orders.worked({ payment: onShipment });
    const order = await orders.change(id, async (open) => {
      const units = [{ lineId: open.order.lines[0]?.id ?? '', quantity: 2 }];
      settled(open, 'authorize', 3_490n);
      for (const one of await fulfillUnits(open, units)) {
        settled(open, 'capture', 2_490n, { fulfillmentId: one.id });
        callOff(open, one, 'cancelled', 'a_test');
      }
      await amendOrder(open, { lines: units, removeMissing: false });
      await fulfillUnits(open, units);
    });
    const [, again] = order.fulfillments;
    const authorization = authorizationOf(order);
    assert.ok(again && authorization);
    assert.deepEqual([again.amount, amountToTake(order, again, authorization)], [2_490n, 0n]);
  });

  describe('that is paid elsewhere', () => {
    const told = (open: OpenOrder, reference: string, amount: bigint, currency = 'EUR') =>
      addPayment(open, { reference, amount, currency });

    it('is the sum of its payments, however often each is told', async () => {
      const { id } = await orders.place({ payment: elsewhere });
      await orders.change(id, (open) => told(open, 'pi_1', 1_000n));
      await orders.change(id, (open) => told(open, 'pi_1', 1_000n));
      const partly = await orders.change(id, (open) => told(open, 'pi_2', 1_500n));
      assert.deepEqual([partly.externalPaid, partly.paymentStatus], [2_500n, 'partially_paid']);
      const paid = await orders.change(id, (open) => told(open, 'pi_3', 990n));
      assert.deepEqual([paid.externalPaid, paid.paymentStatus], [3_490n, 'paid']);
    });

    it('is to be given back there for what is taken out, and for the rest when nothing is left', async () => {
      const { id } = await orders.worked({ payment: elsewhere, externalPaid: 3_490n });
      await orders.change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity: 1 }],
          removeMissing: false,
        }),
      );
      assert.deepEqual(await orders.dueBack(id), ['2000']);
      await orders.change(id, (open) => cancelOrder(open, 'a_test'));
      assert.deepEqual(await orders.dueBack(id), ['2000', '1490']);
    });

    it('is not counted twice when the order was placed as paid', async () => {
      const { id } = await orders.place({ payment: elsewhere, externalPaid: 3_490n });
      const order = await orders.change(id, (open) => told(open, 'pi_1', 3_490n));
      assert.equal(order.externalPaid, 3_490n);
    });

    it('is not paid by as much of another currency', async () => {
      const { id } = await orders.place({ payment: elsewhere });
      const order = await orders.change(id, (open) => told(open, 'pi_1', 3_490n, 'JPY'));
      assert.deepEqual([order.externalPaid, order.paymentStatus], [0n, 'unpaid']);
      const [event] = (await orders.events(id)).filter(({ type }) => type === 'order.payment_changed');
      assert.deepEqual([event?.data['problem'], event?.data['currency']], ['currency_mixed', 'JPY']);
    });

    it('has a deadline as long as it is waited for, and a new one after a rest', async () => {
      const { id } = await orders.place({ payment: elsewhere });
      const waiting = await orders.change(id, reserveOrder);
      assert.ok(waiting.deadlineAt);
      const held = await orders.change(id, (open) => holdOrder(open));
      assert.equal(held.deadlineAt, null);
      const released = await orders.change(id, releaseOrder);
      assert.ok(released.deadlineAt && released.deadlineAt > waiting.deadlineAt);
      const paid = await orders.change(id, (open) => told(open, 'pi_1', 3_490n));
      assert.equal(paid.deadlineAt, null);
    });
  });

  describe('whose refund fails', () => {
    const unitsOf = (open: OpenOrder) => [{ line_id: open.order.lines[0]?.id ?? '', quantity: 3 }];
    const refundUnits = (open: OpenOrder, key: string) => {
      const lines = unitsOf(open);
      const amount = takeRefundable(open, lines);
      return reserveRefund(open, { key, amount, cause: 'goodwill', lines, reason: null });
    };
    const declined = { outcome: 'declined', code: 'card_declined' } as const;

    it('can be refunded for the same units again', async () => {
      const { id } = await orders.delivered();
      const failed = await orders.change(id, (open) => {
        for (const one of refundUnits(open, 'first')) settlePayment(open, one.id, declined);
      });
      assert.equal(failed.lines[0]?.refunded, 0);
      const again = await orders.change(id, (open) => void refundUnits(open, 'second'));
      assert.equal(again.lines[0]?.refunded, 3);
    });

    it('keeps its units as refunded when a part of the money went back', async () => {
      const { id } = await orders.worked({ payment: onShipment });
      await orders.change(id, async (open) => {
        settled(open, 'authorize', 3_490n);
        settled(open, 'capture', 2_490n, { fulfillmentId: (await ship(open, 2)).id });
        settled(open, 'capture', 1_000n, { fulfillmentId: (await ship(open, 1)).id, final: true });
      });
      const order = await orders.change(id, (open) => {
        const [first, second, ...more] = refundUnits(open, 'both');
        assert.ok(first && second && more.length === 0);
        settlePayment(open, first.id, declined);
        assert.equal(open.order.lines[0]?.refunded, 3, 'the other part is still to come');
        settlePayment(open, second.id, { outcome: 'succeeded', reference: 'r' });
      });
      assert.equal(order.lines[0]?.refunded, 3);
      assert.equal(refundableOf(order), 1_490n, 'what is left can be given back as an amount');
    });
  });

  describe('that was given back at the processor, by hand', () => {
    /** Three mugs for 34.90, taken whole; so much of it is given back elsewhere. */
    const givenBack = async (amount: bigint): Promise<Order> => {
      const { id } = await orders.worked();
      await orders.change(id, (open) => {
        settled(open, 'authorize', 3_490n);
        settled(open, 'capture', 3_490n, { final: true });
      });
      return await orders.change(id, (open) =>
        takeOutsideRefund(
          open,
          { by: 'stripe', of: 'authorize:0' },
          {
            reference: 're_1',
            key: null,
            amount,
            currency: 'EUR',
            state: 'succeeded',
            code: null,
            lines: [],
          },
        ),
      );
    };
    const corrected = async (id: string): Promise<bigint[]> =>
      (await orders.change(id, (open) => void reserveCorrections(open))).payments
        .filter(({ cause }) => cause === 'correction')
        .map(({ amount }) => amount);
    const takeOut = (id: string, quantity: number) =>
      orders.change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity }],
          removeMissing: false,
        }),
      );
    const returnUnits = (id: string, quantity: number): Promise<Order> =>
      orders.change(id, async (open) => {
        const lines = [{ lineId: open.order.lines[0]?.id ?? '', quantity }];
        const returns = new ReturnRepository(open.transaction.sql, orders.tenantId);
        const returnId = await requestReturn(open, { lines, reason: null, replacement: null });
        await approveReturn(open, await returns.get(returnId));
        const one = await returns.get(returnId);
        await receiveReturn(open, one, lines, null);
        await settleReturn(open, one);
      });
    const refunds = ({ payments }: Order, cause: string): bigint[] =>
      payments.filter((one) => one.cause === cause).map(({ amount }) => amount);

    it('is the rest when the order is cancelled', async () => {
      const { id, paymentStatus } = await givenBack(1_000n);
      assert.equal(paymentStatus, 'partially_refunded');
      await orders.change(id, (open) => cancelOrder(open, 'a_test'));
      assert.deepEqual(await corrected(id), [2_490n]);
      assert.deepEqual(await corrected(id), [2_490n], 'once');
    });

    it('is not given back again for what is taken out after it, but for more', async () => {
      const { id } = await givenBack(1_000n);
      await takeOut(id, 2);
      assert.deepEqual(await corrected(id), []);
      await takeOut(id, 1);
      assert.deepEqual(await corrected(id), [1_000n]);
    });

    it('is set off against a return, once', async () => {
      const { id } = await givenBack(1_500n);
      await orders.change(id, async (open) => void (await ship(open, 3)));
      await orders.change(id, async (open) => {
        for (const one of open.order.fulfillments) await deliver(open, one);
      });
      const first = await returnUnits(id, 1);
      assert.deepEqual([refunds(first, 'return'), first.refundsSetOff], [[], 1_000n]);
      const second = await returnUnits(id, 1);
      assert.deepEqual([refunds(second, 'return'), second.refundsSetOff], [[500n], 1_500n]);
      assert.deepEqual(refunds(await returnUnits(id, 1), 'return'), [500n, 1_000n]);
      const setOff = (await orders.events(id)).filter(({ type }) => type === 'order.refund_set_off');
      assert.deepEqual(
        setOff.map(({ data }) => data['amount']),
        ['1000', '500'],
      );
    });

    it('was what our own refund could not give back, and is for nothing else', async () => {
      const { id } = await givenBack(0n);
      await takeOut(id, 2);
      const [failed] = await corrected(id);
      assert.equal(failed, 1_000n);
      await orders.change(id, (open) => {
        const own = open.order.payments.find(({ cause }) => cause === 'correction');
        settlePayment(open, own?.id ?? '', { outcome: 'declined', code: 'card_declined' });
      });
      await orders.change(id, (open) =>
        takeOutsideRefund(
          open,
          { by: 'stripe', of: 'authorize:0' },
          {
            reference: 're_2',
            key: null,
            amount: 1_000n,
            currency: 'EUR',
            state: 'succeeded',
            code: null,
            lines: [],
          },
        ),
      );
      await takeOut(id, 1);
      assert.deepEqual(await corrected(id), [1_000n, 1_000n]);
    });
  });

  describe('whose customer has to confirm it', () => {
    const asked = async (): Promise<Order> => {
      const { id } = await orders.place({ payment: onShipment });
      await orders.change(id, reserveOrder);
      return await orders.change(id, async (open) => {
        const { id: paymentId } = reservePayment(open, {
          kind: 'authorize',
          key: 'authorize',
          amount: 3_490n,
          parentId: null,
        });
        await settle(open, paymentId, { outcome: 'action_required', reference: 'pi_1', action: 'sealed' });
      });
    };
    const paymentOf = (order: Order): string => order.payments[0]?.id ?? '';

    it('is waited for until a deadline, and the order goes on when it is confirmed', async () => {
      const waiting = await asked();
      assert.deepEqual([waiting.status, waiting.paymentStatus], ['customer_action_required', 'unpaid']);
      assert.ok(waiting.deadlineAt);
      const [event] = (await orders.events(waiting.id)).filter(
        ({ type }) => type === 'order.customer_action_required',
      );
      assert.equal(event?.data['reason'], 'payment_confirmation');
      const confirmed = await orders.change(waiting.id, (open) =>
        settle(open, paymentOf(waiting), { outcome: 'succeeded', reference: 'pi_1' }),
      );
      assert.deepEqual(
        [confirmed.status, confirmed.paymentStatus, confirmed.deadlineAt],
        ['processing', 'authorized', null],
      );
    });

    it('may be tried again until then, and is let go when the order ends', async () => {
      const waiting = await asked();
      const again = await orders.change(waiting.id, (open) =>
        settle(open, paymentOf(waiting), { outcome: 'declined', code: 'authentication_failed' }),
      );
      assert.deepEqual(
        [again.status, again.payments[0]?.state],
        ['customer_action_required', 'action_required'],
      );
      assert.equal(again.deadlineAt?.toISOString(), waiting.deadlineAt?.toISOString());
      const cancelled = await orders.change(waiting.id, (open) => cancelOrder(open, 'a_test'));
      assert.equal(heldInVain(cancelled), 3_490n);
    });

    it('does not go on unconfirmed when the order is amended', async () => {
      const { id } = await asked();
      const amended = await orders.change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity: 1 }],
          removeMissing: false,
        }),
      );
      assert.equal(amended.status, 'customer_action_required');
    });
  });

  describe('of an order that is amended to more', () => {
    /** The first line to so many units, and what is ordered besides. */
    const amend = (id: string, quantity: number, addLines: NewLine[] = []): Promise<Order> =>
      orders.change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity }],
          removeMissing: false,
          addLines,
        }),
      );
    const cup = (change: Partial<NewLine> = {}) =>
      lineOf({ sku: 'CUP', title: 'Cup', quantity: 1, ...change });
    const held = async (): Promise<string> => {
      const { id } = await orders.worked({ payment: onShipment });
      await orders.change(id, (open) => settled(open, 'authorize', 3_490n));
      return id;
    };
    const reserved = async (sku: string): Promise<unknown> => {
      const rows = await db.database.read('orders', ({ sql }) =>
        sql('select reserved from orders.stock where tenant_id = $1 and sku = $2', [orders.tenantId, sku]),
      );
      return rows[0]?.['reserved'];
    };

    it('covers as many units as were ordered, also once they were taken out', async () => {
      await orders.stock('MUG', { berlin: 3 });
      const id = await held();
      const lineId = (await amend(id, 1)).lines[0]?.id;
      assert.equal(await reserved('MUG'), 1);
      await amend(id, 3);
      assert.equal(await reserved('MUG'), 3);
      await assert.rejects(amend(id, 4), failsWith('orders.line_not_raised'));
      const [, again] = (await orders.events(id)).filter(({ type }) => type === 'order.amended');
      assert.deepEqual(again?.data['raised'], [{ line_id: lineId, quantity: 2 }]);
    });

    it('covers something else instead, and what leaves costs as much as it is', async () => {
      await orders.stock('MUG', { berlin: 3 });
      await orders.stock('CUP', { berlin: 1 });
      const id = await held();
      const amended = await amend(id, 2, [cup()]);
      assert.deepEqual(
        amended.lines.map(({ sku, quantity, cancelled }) => [sku, quantity, cancelled]),
        [
          ['MUG', 3, 1],
          ['CUP', 1, 0],
        ],
      );
      assert.deepEqual([await reserved('MUG'), await reserved('CUP')], [2, 1]);
      const shipped = await orders.change(id, splitOrder);
      assert.deepEqual(
        shipped.fulfillments.map(({ amount }) => amount),
        [3_490n],
      );
      await assert.rejects(
        amend(id, 2, [cup({ sku: 'BOWL', unitPrice: 1n })]),
        failsWith('orders.not_covered'),
      );
    });

    it('is not covered by what was given back, here or elsewhere', async () => {
      const { id } = await orders.worked();
      await orders.change(id, (open) => {
        settled(open, 'authorize', 3_490n);
        settled(open, 'capture', 3_490n, { final: true });
      });
      await amend(id, 2);
      const again = await amend(id, 3);
      assert.equal(overpaidOf(again), 0n, 'nothing had been given back yet');
      await amend(id, 2);
      await orders.change(id, (open) => void reserveCorrections(open));
      await assert.rejects(amend(id, 3), failsWith('orders.not_covered'));
    });

    it('is asked for with the rest as long as nothing is paid', async () => {
      const { id: ours } = await orders.place();
      assert.equal(standingOf(await amend(ours, 3, [cup()])).payment.due, true);
      const { id: theirs } = await orders.place({ payment: elsewhere });
      await amend(theirs, 3, [cup()]);
      const paid = await orders.change(theirs, (open) => markPaid(open, 4_490n));
      assert.equal(paid.paymentStatus, 'paid');
      await assert.rejects(amend(theirs, 3, [cup()]), failsWith('orders.not_covered'));
    });

    it('is not covered by a credit that may be given back by now', async () => {
      const { id } = await orders.worked({ credit: 3_490n });
      await amend(id, 2);
      assert.deepEqual(await orders.dueBack(id), ['1000']);
      await assert.rejects(amend(id, 3), failsWith('orders.not_covered'));
      await amend(id, 1, [cup()]);
    });

    it('is not covered once a part has left for which there was nothing to pay', async () => {
      const free = lineOf({ unitPrice: 0n });
      const { id } = await orders.worked({ payment: onShipment, shipping: 0n, lines: [free] });
      await orders.change(id, async (open) => void (await ship(open, 1)));
      await assert.rejects(amend(id, 3, [cup()]), failsWith('orders.not_covered'));
      await amend(id, 3, [cup({ unitPrice: 0n })]);
    });

    it('has no more lines than an order may have', async () => {
      const { id } = await orders.place();
      const cups = Array.from({ length: 200 }, (_, index) => cup({ sku: `CUP-${index}` }));
      await assert.rejects(amend(id, 3, cups), failsWith('orders.lines_exceeded'));
    });

    it('changes nothing when there is not so much of it', async () => {
      await orders.stock('CUP', { berlin: 1 });
      const id = await held();
      await assert.rejects(amend(id, 1, [cup({ quantity: 2 })]), failsWith('orders.stock_short'));
      const same = await orders.change(id, () => undefined);
      assert.deepEqual([same.lines.length, same.lines[0]?.cancelled, await reserved('CUP')], [1, 0, 0]);
    });
  });

  it('is in no event with what people have written', async () => {
    const secret = 'Ada Lovelace has called.';
    const { id } = await orders.worked();
    await orders.change(id, (open) => holdOrder(open, secret));
    await orders.change(id, releaseOrder);
    await orders.change(id, (open) => cancelOrder(open, 'asked_for', secret));
    assert.ok(!JSON.stringify(await orders.events(id)).includes(secret));
    const timeline = await db.database.read('orders', ({ sql }) =>
      sql<{ data: Record<string, unknown> }>('select data from orders.timeline where order_id = $1', [id]),
    );
    assert.equal(timeline.filter(({ data }) => data['note'] === secret).length, 2, 'it is in the timeline');
  });
});
