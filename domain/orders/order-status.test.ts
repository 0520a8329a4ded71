import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { admitCommand, orderCommands, type OrderCommand } from './order-commands.ts';
import {
  canMove,
  hasShipped,
  isTerminal,
  isUndone,
  orderStatuses,
  orderTransitions,
  shippingPath,
  shippingStatus,
  type OrderStatus,
} from './order-status.ts';

const quantities = fc
  .tuple(fc.nat(50), fc.nat(50), fc.nat(50))
  .map((numbers) => numbers.toSorted((a, b) => b - a))
  .map(([active = 0, shipped = 0, delivered = 0]) => ({ active, shipped, delivered }));
const status = fc.constantFrom(...orderStatuses);

/** The statuses in which each command has something to do, written down a second time. */
const fitting: Record<OrderCommand, OrderStatus[]> = {
  amend: [
    'pending',
    'customer_action_required',
    'on_hold',
    'processing',
    'partially_shipped',
    'partially_delivered',
  ],
  hold: ['pending', 'processing'],
  release: ['on_hold'],
  cancel: ['pending', 'customer_action_required', 'on_hold', 'processing'],
  ship: ['processing', 'partially_shipped', 'partially_delivered'],
  return: ['partially_delivered', 'delivered', 'completed'],
};

describe('The statuses of an order', () => {
  it('are linked by these edges and no others', () => {
    const edges = new Set(
      `pending customer_action_required, pending processing, pending on_hold, pending cancelled, pending failed,
       customer_action_required processing, customer_action_required cancelled, customer_action_required timed_out,
       on_hold processing, on_hold cancelled, processing partially_shipped, processing shipped, processing on_hold,
       processing cancelled, processing failed, partially_shipped shipped, partially_shipped partially_delivered,
       shipped partially_delivered, shipped delivered, partially_delivered delivered, delivered completed`
        .split(',')
        .map((edge) => edge.trim()),
    );
    for (const from of orderStatuses)
      for (const to of orderStatuses) assert.equal(canMove(from, to), edges.has(`${from} ${to}`), from + to);
  });

  it('end in four, three of which undo what was done', () => {
    assert.deepEqual(orderStatuses.filter(isTerminal), ['completed', 'cancelled', 'timed_out', 'failed']);
    assert.deepEqual(orderStatuses.filter(isUndone), ['cancelled', 'timed_out', 'failed']);
  });

  it('let nothing be cancelled, held or failed once a unit has left', () => {
    for (const from of orderStatuses.filter(hasShipped))
      for (const to of ['cancelled', 'failed', 'on_hold', 'timed_out'] as const)
        assert.equal(canMove(from, to), false, `${from} → ${to}`);
  });
});

describe('The status that quantities make', () => {
  it('is that of two of three shipped, then all, then delivered in two steps', () => {
    assert.equal(shippingStatus({ active: 3, shipped: 0, delivered: 0 }), null);
    assert.equal(shippingStatus({ active: 3, shipped: 2, delivered: 0 }), 'partially_shipped');
    assert.equal(shippingStatus({ active: 3, shipped: 3, delivered: 0 }), 'shipped');
    assert.equal(shippingStatus({ active: 3, shipped: 3, delivered: 2 }), 'partially_delivered');
    assert.equal(shippingStatus({ active: 3, shipped: 3, delivered: 3 }), 'delivered');
    assert.equal(shippingStatus({ active: 2, shipped: 2, delivered: 0 }), 'shipped', 'one was cancelled');
  });

  it('is come to by edges that exist, from wherever the order is, and never goes back', () => {
    fc.assert(
      fc.property(status, quantities, (from, counts) => {
        const path = shippingPath(from, counts);
        let at = from;
        for (const next of path) {
          assert.ok(canMove(at, next), `${at} → ${next}`);
          at = next;
        }
        if (path.length > 0) assert.equal(at, shippingStatus(counts));
        assert.deepEqual(shippingPath(at, counts), [], 'it is there');
      }),
    );
  });

  it('follows growing quantities to the end without a gap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        (active, turns) => {
          const counts = { active, shipped: 0, delivered: 0 };
          let at: OrderStatus = 'processing';
          for (const delivers of [...turns, ...Array.from({ length: 40 }, (_, i) => i >= 20)]) {
            if (delivers && counts.delivered < counts.shipped) counts.delivered += 1;
            if (!delivers && counts.shipped < active) counts.shipped += 1;
            for (const next of shippingPath(at, counts)) {
              assert.ok(orderTransitions[at].includes(next));
              at = next;
            }
          }
          assert.equal(at, 'delivered');
        },
      ),
    );
  });

  it('passes every status that one report of a carrier skips', () => {
    const all = { active: 2, shipped: 2, delivered: 2 };
    assert.deepEqual(shippingPath('processing', all), ['shipped', 'delivered']);
    assert.deepEqual(shippingPath('partially_shipped', all), ['shipped', 'delivered']);
    assert.deepEqual(shippingPath('partially_shipped', { active: 2, shipped: 1, delivered: 1 }), [
      'partially_delivered',
    ]);
    assert.deepEqual(shippingPath('processing', { active: 2, shipped: 1, delivered: 1 }), [
      'partially_shipped',
      'partially_delivered',
    ]);
  });
});

describe('A command to an order', () => {
  for (const command of orderCommands)
    for (const at of orderStatuses)
      it(`${command} when it is ${at}`, () => {
        const repeated =
          (command === 'hold' && at === 'on_hold') || (command === 'cancel' && at === 'cancelled');
        if (fitting[command].includes(at)) assert.equal(admitCommand(command, at), true);
        else if (repeated) assert.equal(admitCommand(command, at), false);
        else
          assert.throws(
            () => admitCommand(command, at),
            (error) =>
              error instanceof Failure &&
              error.code === 'orders.order_state' &&
              error.details['order_status'] === at &&
              error.details['offer'] === (command === 'cancel' && hasShipped(at) ? 'return' : undefined),
          );
      });
});
