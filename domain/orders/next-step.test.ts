import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fulfillmentStatuses } from './fulfillment-status.ts';
import { nextStep, type OrderStanding, type OrderStep } from './next-step.ts';
import { isTerminal, isUndone, orderStatuses } from './order-status.ts';

const clock = { now: Date.parse('2026-11-28T12:00:00.000Z'), trackSeconds: 60 };
const deadline = '2026-12-01T12:00:00.000Z';

const fresh: OrderStanding = {
  status: 'pending',
  reserved: false,
  missing: false,
  deadline: null,
  payment: {
    mode: 'processor',
    capture: 'on_shipment',
    due: true,
    authorized: false,
    paid: false,
    open: null,
    overpaid: false,
    toVoid: false,
    confirming: false,
  },
  fulfillments: [],
  unallocated: 2,
  shipping: 'automatic',
};

function after(
  change: Partial<Omit<OrderStanding, 'payment'>>,
  payment: Partial<OrderStanding['payment']> = {},
) {
  const { step } = nextStep({ ...fresh, ...change, payment: { ...fresh.payment, ...payment } }, clock);
  return step;
}

function aPackage(
  change: Partial<OrderStanding['fulfillments'][number]>,
): OrderStanding['fulfillments'][number] {
  return {
    id: 'f',
    status: 'allocated',
    labelled: false,
    waiting: false,
    labelRetryAt: null,
    heardAt: null,
    ...change,
  };
}

const standing: fc.Arbitrary<OrderStanding> = fc.record({
  status: fc.constantFrom(...orderStatuses),
  reserved: fc.boolean(),
  missing: fc.boolean(),
  deadline: fc.constantFrom(null, deadline),
  payment: fc.record({
    mode: fc.constantFrom('processor' as const, 'external' as const),
    capture: fc.constantFrom('on_shipment' as const, 'immediately' as const),
    due: fc.boolean(),
    authorized: fc.boolean(),
    paid: fc.boolean(),
    open: fc.constantFrom(null, 'p1'),
    overpaid: fc.boolean(),
    toVoid: fc.boolean(),
    confirming: fc.boolean(),
  }),
  fulfillments: fc.array(
    fc.record({
      id: fc.uuid(),
      status: fc.constantFrom(...fulfillmentStatuses),
      labelled: fc.boolean(),
      waiting: fc.boolean(),
      labelRetryAt: fc.constantFrom(null, '2026-11-28T11:00:00.000Z', '2026-11-28T13:00:00.000Z'),
      heardAt: fc.constantFrom(null, '2026-11-28T11:00:00.000Z'),
    }),
    { maxLength: 3 },
  ),
  unallocated: fc.nat(3),
  shipping: fc.constantFrom('automatic' as const, 'manual' as const),
});

describe('The next step of an order', () => {
  it('leads from a new order to a completed one', () => {
    const held = { reserved: true };
    const one = (status: OrderStanding['fulfillments'][number]['status'], labelled = true) => ({
      ...held,
      status: 'processing' as const,
      unallocated: 0,
      fulfillments: [aPackage({ status, labelled })],
    });
    assert.equal(after({}), 'reserveStock');
    assert.equal(after(held), 'authorizePayment');
    assert.equal(after(held, { authorized: true }), 'openOrder');
    assert.equal(after({ ...held, status: 'processing' }, { authorized: true }), 'splitOrder');
    assert.equal(after(one('allocated', false), { authorized: true }), 'buyLabel');
    assert.equal(after(one('packed'), { authorized: true }), 'shipFulfillment');
    assert.equal(after({ ...one('shipped'), status: 'shipped' }, { authorized: true }), 'wait');
    assert.equal(
      after({ ...one('delivered'), status: 'delivered' }, { authorized: true, paid: true }),
      'completeOrder',
    );
    assert.equal(after({ ...one('delivered'), status: 'completed' }, { paid: true }), 'end');
  });

  it('is none of a package whose carrier has to know more, and another’s if there is one', () => {
    const waiting = aPackage({ waiting: true });
    const order = { status: 'processing' as const, reserved: true, unallocated: 0 };
    const paid = { authorized: true };
    assert.equal(after({ ...order, fulfillments: [waiting] }, paid), 'wait');
    const other = { ...waiting, id: 'g', waiting: false };
    assert.equal(after({ ...order, fulfillments: [waiting, other] }, paid), 'buyLabel');
    const left = aPackage({
      id: 'g',
      status: 'shipped',
      labelled: true,
      heardAt: '2026-11-28T11:59:50.000Z',
    });
    const { step, ...rest } = nextStep(
      {
        ...fresh,
        ...order,
        status: 'partially_shipped',
        payment: { ...fresh.payment, ...paid },
        fulfillments: [left, waiting],
      },
      clock,
    );
    assert.equal(step, 'wait');
    assert.equal((rest as { next: string }).next, 'trackOrder');
  });

  it('waits for whoever has to do something', () => {
    const asked = { status: 'customer_action_required' as const, reserved: true, missing: true, deadline };
    assert.deepEqual(nextStep({ ...fresh, ...asked }, clock), {
      step: 'wait',
      next: 'timeOutOrder',
      seconds: 3 * 86_400,
      deadline,
    });
    assert.equal(after({ status: 'on_hold', reserved: true }), 'wait');
    assert.equal(after({ reserved: true }, { mode: 'external' }), 'wait', 'for the payment');
    const manual = { status: 'processing' as const, reserved: true, shipping: 'manual' as const };
    assert.equal(after(manual, { authorized: true }), 'wait', 'for the warehouse');
    assert.equal(
      after({ ...manual, shipping: 'automatic' }, { capture: 'immediately', authorized: true }),
      'capturePayment',
    );
  });

  it('finds out about an open payment before it does anything else', () => {
    fc.assert(
      fc.property(standing, (order) => {
        const { step } = nextStep(order, clock);
        assert.equal(step === 'resolvePayment', order.payment.open !== null);
      }),
    );
  });

  it('takes no stock, money or parcel for an order that is over, and ends only with nothing left to give back', () => {
    const taking: OrderStep['step'][] = [
      'reserveStock',
      'authorizePayment',
      'capturePayment',
      'splitOrder',
      'buyLabel',
      'shipFulfillment',
      'openOrder',
      'completeOrder',
    ];
    fc.assert(
      fc.property(standing, (order) => {
        const next = nextStep(order, clock);
        const { step } = next;
        if (!isTerminal(order.status)) return;
        assert.ok(!taking.includes(step), step);
        // Until a carrier that is away can be asked to take a label back.
        if (next.step === 'wait') assert.equal(next.next, 'readOrder');
        if (step !== 'end') return;
        assert.equal(order.payment.overpaid, false);
        assert.equal(order.payment.open, null);
        if (isUndone(order.status)) {
          assert.equal(order.payment.toVoid, false);
          assert.ok(
            !order.fulfillments.some((one) => one.labelled && ['cancelled', 'failed'].includes(one.status)),
          );
        }
      }),
    );
  });

  it('does nothing on its own to an order that is on hold, but give back', () => {
    fc.assert(
      fc.property(standing, (order) => {
        const { step } = nextStep({ ...order, status: 'on_hold' }, clock);
        assert.ok(
          ['wait', 'resolvePayment', 'refundOverpaid', 'voidPayment', 'voidLabel'].includes(step),
          step,
        );
      }),
    );
  });

  it('gives the customer’s money back before it asks a carrier for anything', () => {
    fc.assert(
      fc.property(standing, (order) => {
        const { step } = nextStep(order, clock);
        const { open, overpaid, toVoid } = order.payment;
        if (open !== null || (!overpaid && !toVoid)) return;
        assert.equal(step, overpaid ? 'refundOverpaid' : 'voidPayment');
      }),
    );
  });

  it('leaves a carrier that is away alone until it is time, and does meanwhile what can be done', () => {
    const later = '2026-11-28T12:10:00.000Z';
    const away = aPackage({ labelRetryAt: later });
    const work = { status: 'processing' as const, reserved: true, unallocated: 0 };
    const paid = { authorized: true };
    assert.deepEqual(
      nextStep({ ...fresh, ...work, fulfillments: [away], payment: { ...fresh.payment, ...paid } }, clock),
      { step: 'wait', next: 'readOrder', seconds: 600, deadline: null },
    );
    assert.equal(
      after({ ...work, fulfillments: [away, aPackage({ status: 'packed' })] }, paid),
      'shipFulfillment',
    );
    assert.equal(
      after({ ...work, fulfillments: [{ ...away, labelRetryAt: '2026-11-28T12:00:00.000Z' }] }, paid),
      'buyLabel',
    );
    const kept = aPackage({ status: 'failed', labelled: true, labelRetryAt: later });
    assert.equal(after({ ...work, status: 'failed', fulfillments: [kept] }), 'wait');
    assert.equal(
      after({ ...work, status: 'failed', fulfillments: [{ ...kept, labelRetryAt: null }] }),
      'voidLabel',
    );
  });

  it('asks a silent carrier after a time, then ever more rarely, and nobody about a package that has none', () => {
    const left = (heardAt: string | null, now = clock.now) => {
      const order = { ...fresh, status: 'shipped' as const, reserved: true, unallocated: 0 };
      const step = nextStep(
        {
          ...order,
          fulfillments: [aPackage({ status: 'shipped', heardAt })],
          payment: { ...fresh.payment, authorized: true },
        },
        { now, trackSeconds: 60 },
      );
      assert.ok(step.step === 'wait');
      return [step.next, step.seconds];
    };
    assert.deepEqual(left('2026-11-28T11:59:50.000Z'), ['trackOrder', 50]);
    assert.deepEqual(left('2026-11-28T11:59:00.000Z'), ['trackOrder', 60]);
    assert.deepEqual(left('2026-11-28T11:00:00.000Z'), ['trackOrder', 240]);
    assert.deepEqual(left(null), [null, null]);
  });

  it('waits for a customer who has to confirm the payment', () => {
    const confirming = { reserved: true, deadline };
    assert.equal(after({ ...confirming, status: 'customer_action_required' }, { confirming: true }), 'wait');
    assert.equal(after({ ...confirming, status: 'processing' }, { confirming: true }), 'wait');
  });

  it('ships nothing that is not paid for or held for it', () => {
    fc.assert(
      fc.property(standing, (order) => {
        const { step } = nextStep(order, clock);
        if (step !== 'shipFulfillment' && step !== 'buyLabel' && step !== 'splitOrder') return;
        assert.ok(order.reserved);
        const { due, authorized, paid } = order.payment;
        assert.ok(!due || authorized || paid);
      }),
    );
  });
});
