import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import { messageOf } from '../../domain/webhooks/public-events.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { deliver, elsewhere, lineOf, settled, ship, StoredOrders } from '../../test/support/stored-orders.ts';
import type { NewOrder } from './create-order.ts';
import { callOff, fulfillUnits, markLost, markShipped, moveFulfillment } from './fulfillments.ts';
import type { OpenOrder } from './open-order.ts';
import { amendOrder } from './amend-order.ts';
import { cancelOrder } from './order-commands.ts';
import { openForWork, reserveOrder, standingOf, timeOut } from './order-steps.ts';
import { OrderRepository } from './order.repository.ts';
import type { Fulfillment, Order } from './order.ts';
import { findPaidOrder, markPaid } from './outside-events.ts';
import { reserveCorrections, settlePayment } from './payments.ts';
import { overpaidOf } from './refund-money.ts';
import { reserveRefund, takeRefundable } from './refunds.ts';
import { approveReturn, receiveReturn, requestReturn, ReturnRepository } from './returns.ts';
import { settleReturn } from './settle-return.ts';
import { StockRepository } from './stock.repository.ts';

describe('Orders at their edges', () => {
  let db: TestDatabase;
  let orders: StoredOrders;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());
  beforeEach(() => {
    orders = new StoredOrders(db.database, uuidv7());
  });

  const place = (given: Partial<NewOrder> = {}) => orders.place(given);
  const change = (id: string, work: (open: OpenOrder) => Promise<void> | void) => orders.change(id, work);
  const addItem = (sku: string, currency: string): Promise<void> =>
    db.database.transaction('orders', ({ sql }) =>
      new StockRepository(sql, orders.tenantId).add({ sku, title: sku, price: 700n, currency, active: true }),
    );
  /** Worked on, and paid by a processor if it is to be. */
  const worked = async (given: Partial<NewOrder> = {}): Promise<Order> => {
    const { id } = await orders.worked(given);
    return await change(id, (open) => {
      if (open.order.payment.mode === 'external') return;
      settled(open, 'capture', standingOf(open.order).payment.due ? 3_490n : 0n);
    });
  };
  const pack = async (open: OpenOrder, quantity: number, position = 0): Promise<Fulfillment> => {
    const [one] = await fulfillUnits(open, [{ lineId: open.order.lines[position]?.id ?? '', quantity }]);
    assert.ok(one);
    moveFulfillment(open, one, 'packed');
    return one;
  };
  /** Gives money back for units, as a person asks for it. */
  const refundUnits = (open: OpenOrder, quantity: number, key = 'goodwill'): void => {
    const lines = [{ line_id: open.order.lines[0]?.id ?? '', quantity }];
    const amount = takeRefundable(open, lines);
    for (const { id } of reserveRefund(open, { key, amount, cause: 'goodwill', lines, reason: null }))
      settlePayment(open, id, { outcome: 'succeeded', reference: key });
  };
  const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

  it('do not time out when the money came just before the deadline', async () => {
    const { id } = await place({ payment: elsewhere });
    const waiting = await change(id, reserveOrder);
    const deadline = waiting.deadlineAt?.toISOString() ?? '';
    await change(id, (open) => markPaid(open, 3_490n));
    assert.equal((await change(id, (open) => timeOut(open, deadline))).status, 'pending');
  });

  it('time out when only a part of the money came, and say that it is to be given back', async () => {
    const { id } = await place({ payment: elsewhere });
    const deadline = (await change(id, reserveOrder)).deadlineAt?.toISOString() ?? '';
    await change(id, (open) => markPaid(open, 3_489n));
    assert.equal((await change(id, (open) => timeOut(open, deadline))).status, 'cancelled');
    assert.deepEqual(await orders.dueBack(id), ['3489']);
  });

  it('say that money is to be given back that came after they were cancelled', async () => {
    const { id } = await place({ payment: elsewhere });
    await change(id, (open) => cancelOrder(open, 'a test'));
    await change(id, (open) => markPaid(open, 3_490n));
    await change(id, (open) => markPaid(open, 3_490n));
    assert.deepEqual(await orders.dueBack(id), ['3490']);
  });

  it('charge the shipping also when the package that bore it is called off', async () => {
    const { id } = await worked();
    const order = await change(id, async (open) => {
      const first = await pack(open, 1);
      await pack(open, 2);
      callOff(open, first, 'cancelled', 'a test');
      await pack(open, 1);
    });
    const live = order.fulfillments.filter(({ status }) => status !== 'cancelled');
    assert.equal(
      live.reduce((sum, { amount }) => sum + amount, 0n),
      3_490n,
    );
  });

  it('are not shipped while a unit has yet to leave, whatever was lost', async () => {
    const { id } = await worked();
    const after = await change(id, async (open) => {
      markLost(open, await ship(open, 1));
      await ship(open, 1);
    });
    assert.equal(after.status, 'partially_shipped');
    const whole = await change(id, async (open) => void (await ship(open, 1)));
    assert.equal(whole.status, 'shipped');
  });

  it('are known to endpoints also when a package is lost that no carrier has spoken of', async () => {
    const { id } = await worked();
    await change(id, async (open) => markLost(open, await ship(open, 3)));
    for (const event of await orders.events(id)) assert.doesNotThrow(() => messageOf(event), event.type);
  });

  it('pay a lost package once, whether a person or the process is first', async () => {
    const { id } = await worked();
    const afterPerson = await change(id, async (open) => {
      const lost = await ship(open, 2);
      refundUnits(open, 2);
      markLost(open, lost);
    });
    assert.equal(overpaidOf(afterPerson), 0n);

    const { id: other } = await worked({ shipping: 490n });
    await change(other, async (open) => {
      markLost(open, await ship(open, 2));
      await ship(open, 1);
      for (const one of reserveCorrections(open))
        settlePayment(open, one.id, { outcome: 'succeeded', reference: 'x' });
    });
    await assert.rejects(
      change(other, (open) => refundUnits(open, 2)),
      failsWith('orders.quantity_exceeded'),
    );
    await change(other, (open) => refundUnits(open, 1));
  });

  it('give all of it back when everything is lost that was partly refunded before', async () => {
    const { id } = await worked();
    const order = await change(id, async (open) => {
      const lost = await ship(open, 3);
      refundUnits(open, 2);
      markLost(open, lost);
    });
    assert.equal(overpaidOf(order), 1_490n);
  });

  const exchanged = async (
    sku: string,
  ): Promise<{ id: string; exchangeOrderId: string | null; order: Order }> => {
    const { id } = await worked();
    let returnId = '';
    await change(id, async (open) => void (await ship(open, 3)));
    await change(id, async (open) => {
      for (const one of open.order.fulfillments) await deliver(open, one);
      const lineId = open.order.lines[0]?.id ?? '';
      returnId = await requestReturn(open, {
        lines: [{ lineId, quantity: 1 }],
        reason: null,
        replacement: [{ sku, quantity: 1 }],
      });
    });
    const order = await change(id, async (open) => {
      const returns = new ReturnRepository(open.transaction.sql, orders.tenantId);
      const one = await returns.get(returnId);
      await approveReturn(open, one);
      await receiveReturn(open, one, [{ lineId: open.order.lines[0]?.id ?? '', quantity: 1 }], null);
      await settleReturn(open, one);
    });
    const { exchangeOrderId } = await db.database.read('orders', ({ sql }) =>
      new ReturnRepository(sql, orders.tenantId).get(returnId),
    );
    return { id, exchangeOrderId, order };
  };
  const refundsOf = ({ payments }: Order) =>
    payments.filter(({ kind }) => kind === 'refund').map(({ amount }) => amount);

  it('say that what a customer has sent back is owed when the exchange comes to nothing', async () => {
    const { exchangeOrderId, order } = await exchanged('MUG');
    assert.deepEqual(refundsOf(order), []);
    assert.ok(exchangeOrderId);
    await change(exchangeOrderId, (open) => cancelOrder(open, 'a test'));
    assert.deepEqual(await orders.dueBack(exchangeOrderId), ['1000']);
  });

  it('say what is left over of what was sent back when an exchange is lowered', async () => {
    const { id } = await place({ source: 'exchange', credit: 3_000n, shipping: 0n });
    await change(id, async (open) => {
      await reserveOrder(open);
      openForWork(open);
    });
    const lower = (quantity: number) =>
      change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity }],
          removeMissing: false,
        }),
      );
    await lower(2);
    await lower(1);
    await change(id, (open) => cancelOrder(open, 'a test'));
    assert.deepEqual(await orders.dueBack(id), ['1000', '1000', '1000']);
  });

  it('pay back what can’t be exchanged, because nobody knows what the other thing costs', async () => {
    await addItem('DOLLAR-MUG', 'USD');
    for (const sku of ['TYPO', 'DOLLAR-MUG']) {
      const { exchangeOrderId, order } = await exchanged(sku);
      assert.equal(exchangeOrderId, null, sku);
      assert.deepEqual(refundsOf(order), [1_000n], sku);
    }
  });

  it('leave in any order of their lines, without waiting for each other in a circle', async () => {
    for (const sku of ['CUP', 'MUG']) await orders.stock(sku, { berlin: 1_000 });
    const skus = Array.from({ length: 20 }, (_, index) => (index % 2 ? ['CUP', 'MUG'] : ['MUG', 'CUP']));
    const packed = await Promise.all(
      skus.map(async (pair) => {
        const { id } = await worked({ lines: pair.map((sku) => lineOf({ sku, quantity: 1 })) });
        await change(id, async (open) => {
          const lines = open.order.lines.map(({ id: lineId }) => ({ lineId, quantity: 1 }));
          for (const one of await fulfillUnits(open, lines)) moveFulfillment(open, one, 'packed');
        });
        return id;
      }),
    );
    const left = await Promise.all(
      packed.map((id) =>
        change(id, async (open) => {
          for (const one of open.order.fulfillments) await markShipped(open, one);
        }),
      ),
    );
    assert.ok(left.every(({ status }) => status === 'shipped'));
  });

  it('give and take stock in one order, in whatever order the lines are named', async () => {
    for (const sku of ['CUP', 'MUG']) await orders.stock(sku, { berlin: 10 });
    const lines = [lineOf({ sku: 'MUG', quantity: 2 }), lineOf({ sku: 'CUP', quantity: 2 })];
    const { id: amended } = await worked({ lines, shipping: 0n });
    const { id: returned } = await worked({ lines, shipping: 0n });
    await change(returned, async (open) => {
      for (const [position] of open.order.lines.entries())
        await markShipped(open, await pack(open, 2, position));
    });
    await change(returned, async (open) => {
      for (const one of open.order.fulfillments) await deliver(open, one);
    });
    let returnId = '';
    await change(returned, async (open) => {
      const wanted = open.order.lines.map(({ id: lineId }) => ({ lineId, quantity: 1 }));
      returnId = await requestReturn(open, { lines: wanted, reason: null, replacement: null });
      const returns = new ReturnRepository(open.transaction.sql, orders.tenantId);
      await approveReturn(open, await returns.get(returnId));
    });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const holder = db.database.transaction('orders', async ({ sql }) => {
      await sql(`select 1 from orders.stock where tenant_id = $1 and sku = 'CUP' for update`, [
        orders.tenantId,
      ]);
      hold();
      await released;
    });
    await held;
    const receive = change(returned, async (open) => {
      const one = await new ReturnRepository(open.transaction.sql, orders.tenantId).get(returnId);
      const back = open.order.lines.toReversed().map(({ id: lineId }) => ({ lineId, quantity: 1 }));
      await receiveReturn(open, one, back, 'berlin');
    });
    await untilWaiting(db.database, 'orders', 1);
    const amend = change(amended, (open) =>
      amendOrder(open, {
        lines: open.order.lines.map(({ id: lineId }) => ({ lineId, quantity: 1 })),
        removeMissing: false,
      }),
    );
    await untilWaiting(db.database, 'orders', 2);
    release();
    await Promise.all([holder, receive, amend]);
  });

  it('take back no more into a location than it can count', async () => {
    await addItem('MUG', 'EUR');
    const adjust = (by: number) =>
      db.database.transaction('orders', ({ sql }) =>
        new StockRepository(sql, orders.tenantId).adjust('MUG', 'berlin', by),
      );
    await db.database.transaction('orders', ({ sql }) =>
      new StockRepository(sql, orders.tenantId).set('MUG', 'berlin', 99_999_999),
    );
    await adjust(1);
    await assert.rejects(adjust(1), failsWith('orders.quantity_exceeded'));
  });

  it('are found by what a payment calls them, in their own organisation alone', async () => {
    const { id, number } = await place({ source: 'shop', externalId: '820982911946154508' });
    await change(id, (open) => settled(open, 'capture', 3_490n));
    const find = (order: string | null, reference: string | null = null, tenantId = orders.tenantId) =>
      db.database.read('orders', ({ sql }) => findPaidOrder(sql, tenantId, { reference, order }));
    for (const name of [id, number, '820982911946154508']) {
      assert.equal(await find(name), id, name);
      assert.equal(await find(name, null, uuidv7()), null, name);
    }
    assert.equal(await find(null, 'capture:0'), id);
    assert.equal(await find(uuidv7(), 'capture:1'), null);
  });

  it('are found by nobody without an address, also those whose shop knew none', async () => {
    const { number } = await place({ customer: { email: '', name: null, phone: null } });
    const lookUp = (email: string) =>
      db.database.read('orders', ({ sql }) =>
        new OrderRepository(sql, orders.tenantId).lookUp(number, email),
      );
    assert.deepEqual([await lookUp(''), await lookUp(' ')], [null, null]);
  });
});
