import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { planAllocation } from './allocation.ts';
import { canMoveFulfillment, fulfillmentStatuses, isBeforeShipping } from './fulfillment-status.ts';
import { amountDue, costOfUnits, lineTotal } from './lines.ts';
import { normaliseOrderNumber, numberBytes, orderNumber } from './order-number.ts';
import { paymentStatus, paymentStatuses, type Books } from './payment-status.ts';
import { requireReturnMove, returnStatuses, returnTransitions } from './return-status.ts';
import { isTrackingOver, trackedAfter, trackingStatuses, type TrackingPoint } from './tracking.ts';

const amount = fc.bigInt(0n, 1_000_000n);

describe('The status of a payment', () => {
  const books = fc.record<Books>({
    due: amount,
    authorized: amount,
    captured: amount,
    refunded: amount,
    voided: fc.boolean(),
    declined: fc.boolean(),
    disputed: fc.boolean(),
  });
  const none: Books = {
    due: 100n,
    authorized: 0n,
    captured: 0n,
    refunded: 0n,
    voided: false,
    declined: false,
    disputed: false,
  };

  it('is one of those there are, and says what the books say', () => {
    fc.assert(
      fc.property(books, (given) => {
        const status = paymentStatus(given);
        assert.ok(paymentStatuses.includes(status));
        if (given.disputed) return assert.equal(status, 'disputed');
        if (status === 'paid') assert.ok(given.captured >= given.due && given.refunded === 0n);
        if (status === 'refunded') assert.ok(given.refunded >= given.captured && given.captured > 0n);
        if (status === 'voided') assert.equal(given.captured, 0n);
        return undefined;
      }),
    );
  });

  it('goes from unpaid to refunded', () => {
    assert.equal(paymentStatus(none), 'unpaid');
    assert.equal(paymentStatus({ ...none, declined: true }), 'failed');
    assert.equal(paymentStatus({ ...none, authorized: 100n, declined: true }), 'authorized');
    assert.equal(paymentStatus({ ...none, authorized: 100n, voided: true }), 'voided');
    assert.equal(paymentStatus({ ...none, authorized: 100n, captured: 40n }), 'partially_paid');
    assert.equal(paymentStatus({ ...none, captured: 100n }), 'paid');
    assert.equal(paymentStatus({ ...none, captured: 100n, refunded: 1n }), 'partially_refunded');
    assert.equal(paymentStatus({ ...none, captured: 100n, refunded: 100n }), 'refunded');
    assert.equal(paymentStatus({ ...none, captured: 100n, disputed: true }), 'disputed');
    assert.equal(paymentStatus({ ...none, due: 0n }), 'paid');
  });
});

describe('The price of a line', () => {
  const line = fc
    .record({
      unitPrice: amount,
      tax: amount,
      quantity: fc.integer({ min: 1, max: 30 }),
      off: fc.integer({ min: 0, max: 100 }),
    })
    .map(({ off, ...rest }) => ({
      ...rest,
      discount: (rest.unitPrice * BigInt(rest.quantity) * BigInt(off)) / 100n,
    }));

  it('adds up from its parts to the last minor unit, however it is divided', () => {
    fc.assert(
      fc.property(line, fc.array(fc.integer({ min: 1, max: 5 })), (given, parts) => {
        let taken = 0;
        let sum = 0n;
        for (const part of [...parts, given.quantity]) {
          const units = Math.min(part, given.quantity - taken);
          const cost = costOfUnits(given, taken + units) - costOfUnits(given, taken);
          assert.ok(cost >= 0n);
          sum += cost;
          taken += units;
        }
        assert.equal(sum, lineTotal(given));
      }),
    );
  });

  it('falls with each unit that is cancelled, and is nothing without any', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), amount, (lines, shipping) => {
        const dueAfter = (cancelled: (quantity: number) => number) =>
          amountDue(
            lines.map((one) => ({ ...one, cancelled: cancelled(one.quantity) })),
            shipping,
          );
        assert.equal(
          dueAfter(() => 0),
          lines.reduce((sum, one) => sum + lineTotal(one), shipping),
        );
        assert.ok(dueAfter(() => 1) <= dueAfter(() => 0));
        assert.equal(
          dueAfter((quantity) => quantity),
          0n,
        );
      }),
    );
  });
});

describe('The status of a fulfilment', () => {
  it('can be called off before it has left, and never after', () => {
    assert.deepEqual(fulfillmentStatuses.filter(isBeforeShipping), [
      'unavailable',
      'pending',
      'allocated',
      'packed',
    ]);
    for (const to of ['returned_to_sender', 'lost', 'delivered'] as const)
      for (const from of fulfillmentStatuses)
        assert.equal(canMoveFulfillment(from, to), from === 'shipped', `${from} → ${to}`);
    for (const ended of ['delivered', 'cancelled', 'failed', 'returned_to_sender', 'lost'] as const)
      for (const to of fulfillmentStatuses) assert.equal(canMoveFulfillment(ended, to), false);
  });
});

describe('The tracking of a package', () => {
  const point = fc.record({
    status: fc.constantFrom(...trackingStatuses),
    occurredAt: fc
      .integer({ min: 0, max: 1_000 })
      .map((hour) => new Date(1_700_000_000_000 + hour * 3_600_000).toISOString()),
  });
  const end = (points: TrackingPoint[]) =>
    points.reduce<TrackingPoint | null>((current, next) => trackedAfter(current, next), null);

  it('stays delivered whatever comes later', () => {
    fc.assert(
      fc.property(point, point, (first, next) => {
        if (isTrackingOver(first.status)) assert.deepEqual(trackedAfter(first, next), first);
      }),
    );
    const delivered: TrackingPoint = { status: 'delivered', occurredAt: '2026-11-28T10:00:00.000Z' };
    assert.deepEqual(
      trackedAfter(delivered, { status: 'in_transit', occurredAt: '2026-11-29T10:00:00.000Z' }),
      delivered,
    );
  });

  it('never goes back, in whatever order it is told', () => {
    const order = ['label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'delivered'] as const;
    fc.assert(
      fc.property(fc.array(point, { maxLength: 12 }), (points) => {
        let highest = -1;
        let current: TrackingPoint | null = null;
        for (const next of points) {
          current = trackedAfter(current, next);
          const rank = order.indexOf(current.status as (typeof order)[number]);
          if (rank < 0) continue;
          assert.ok(rank >= highest || highest === order.length - 1);
          highest = Math.max(highest, rank);
        }
      }),
    );
  });

  it('is the same in whatever order the same events come, but for which of two ends came first', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(point, { maxLength: 8, selector: ({ occurredAt }) => occurredAt }),
        fc.infiniteStream(fc.nat()),
        (points, shuffle) => {
          const open = points.filter(({ status }) => !isTrackingOver(status));
          const shuffled = open
            .map((one) => ({ one, key: shuffle.next().value as number }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ one }) => one);
          assert.deepEqual(end(shuffled), end(open));
        },
      ),
    );
  });
});

describe('The status of a return', () => {
  it('moves along its edges only', () => {
    for (const from of returnStatuses)
      for (const to of returnStatuses) {
        const move = () => requireReturnMove(from, to);
        if (returnTransitions[from].includes(to)) move();
        else assert.throws(move, (error) => error instanceof Failure && error.code === 'orders.return_state');
      }
    assert.deepEqual(
      returnStatuses.filter((status) => returnTransitions[status].length === 0),
      ['declined', 'closed'],
    );
  });
});

describe('The number of an order', () => {
  it('is read however it was typed', () => {
    const bytes = fc.uint8Array({ minLength: numberBytes, maxLength: numberBytes });
    fc.assert(
      fc.property(bytes, (random) => {
        const number = orderNumber(random);
        assert.match(number, /^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$/);
        assert.equal(normaliseOrderNumber(number), number);
        assert.equal(normaliseOrderNumber(` #${number.toLowerCase().replaceAll('-', ' ')}`), number);
        assert.equal(normaliseOrderNumber(number.replaceAll('0', 'O').replaceAll('1', 'l')), number);
      }),
    );
  });
});

describe('The plan where lines are taken from', () => {
  const sku = fc.constantFrom('a', 'b', 'c', 'made to order');
  const wishes = fc
    .array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 8 }) }), { minLength: 1, maxLength: 8 })
    .map((list) => list.map((wish, index) => ({ ...wish, lineId: `line ${index}` })));
  const offers = fc
    .array(
      fc.record({
        sku: fc.constantFrom('a', 'b', 'c'),
        location: fc.constantFrom('berlin', 'lyon', 'porto'),
        available: fc.integer({ min: -3, max: 12 }),
      }),
      { maxLength: 9 },
    )
    .map((rows) => {
      const map = new Map<string, { location: string; available: number }[]>();
      for (const one of ['a', 'b', 'c']) map.set(one, []);
      for (const { sku: of, location, available } of rows) {
        const list = map.get(of) ?? [];
        if (!list.some((offer) => offer.location === location)) list.push({ location, available });
        map.set(of, list);
      }
      return map;
    });

  it('takes each line whole or not at all, and never more than there is', () => {
    fc.assert(
      fc.property(wishes, offers, (wanted, offered) => {
        const { allocations, missing } = planAllocation(wanted, offered, 'workshop');
        for (const { lineId, quantity } of wanted) {
          const taken = allocations
            .filter((one) => one.lineId === lineId)
            .reduce((sum, one) => sum + one.quantity, 0);
          const lacks = missing.some((one) => one.lineId === lineId);
          assert.equal(taken, lacks ? 0 : quantity);
        }
        for (const [of, list] of offered)
          for (const { location, available } of list) {
            const taken = allocations
              .filter((one) => one.sku === of && one.location === location)
              .reduce((sum, one) => sum + one.quantity, 0);
            assert.ok(taken <= Math.max(0, available), `${taken} of ${available} ${of} in ${location}`);
          }
        assert.ok(allocations.every(({ quantity }) => quantity > 0));
      }),
    );
  });

  it('sends everything from one place where one has it all, and splits a line only when it must', () => {
    const stock = new Map([
      [
        'a',
        [
          { location: 'berlin', available: 5 },
          { location: 'lyon', available: 2 },
        ],
      ],
      ['b', [{ location: 'lyon', available: 1 }]],
    ]);
    const line = (lineId: string, of: string, quantity: number) => ({ lineId, sku: of, quantity });
    const together = planAllocation([line('1', 'a', 2), line('2', 'b', 1)], stock, 'workshop');
    assert.deepEqual([...new Set(together.allocations.map(({ location }) => location))], ['lyon']);
    const split = planAllocation([line('1', 'a', 6)], stock, 'workshop');
    assert.deepEqual(
      split.allocations.map(({ location, quantity }) => [location, quantity]),
      [
        ['berlin', 5],
        ['lyon', 1],
      ],
    );
    const short = planAllocation([line('1', 'a', 8), line('2', 'b', 1)], stock, 'workshop');
    assert.deepEqual(short.missing, [{ lineId: '1', available: 7 }]);
    assert.equal(short.allocations.length, 1);
    const made = planAllocation([line('1', 'poster', 3)], stock, 'workshop');
    assert.deepEqual(made.allocations, [{ lineId: '1', sku: 'poster', location: 'workshop', quantity: 3 }]);
  });
});
