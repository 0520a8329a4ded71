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
  }),
  fulfillments: fc.array(
    fc.record({
      id: fc.uuid(),
      status: fc.constantFrom(...fulfillmentStatuses),
      labelled: fc.boolean(),
      waiting: fc.boolean(),
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
      fulfillments: [{ id: 'f', status, labelled, waiting: false }],
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
    const waiting = { id: 'f', status: 'allocated' as const, labelled: false, waiting: true };
    const order = { status: 'processing' as const, reserved: true, unallocated: 0 };
    const paid = { authorized: true };
    assert.equal(after({ ...order, fulfillments: [waiting] }, paid), 'wait');
    const other = { ...waiting, id: 'g', waiting: false };
    assert.equal(after({ ...order, fulfillments: [waiting, other] }, paid), 'buyLabel');
    const left = { ...other, status: 'shipped' as const, labelled: true };
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
      'wait',
    ];
    fc.assert(
      fc.property(standing, (order) => {
        const { step } = nextStep(order, clock);
        if (isTerminal(order.status)) assert.ok(!taking.includes(step), step);
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
        assert.ok(['wait', 'resolvePayment', 'refundOverpaid', 'voidLabel'].includes(step), step);
      }),
    );
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
