import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { Failure } from '../../domain/failure.ts';
import { messageOf } from '../../domain/webhooks/public-events.ts';
import { createOrder, type NewLine, type NewOrder } from './create-order.ts';
import { callOff, fulfillUnits, markLost, markShipped, moveFulfillment, track } from './fulfillments.ts';
import { changeOrder, type OpenOrder } from './open-order.ts';
import { system } from './actor.ts';
import { amendOrder, cancelOrder } from './order-commands.ts';
import { overpaidOf } from './order-money.ts';
import { openForWork, reserveOrder, standingOf, timeOut } from './order-steps.ts';
import type { Fulfillment, Order } from './order.ts';
import { markPaid } from './outside-events.ts';
import { reserveCorrections, reservePayment, settlePayment } from './payments.ts';
import { reserveRefund, takeRefundable } from './refunds.ts';
import { approveReturn, receiveReturn, requestReturn, ReturnRepository } from './returns.ts';
import { settleReturn } from './settle-return.ts';
import { StockRepository } from './stock.repository.ts';
import { until } from '../../test/support/until.ts';

describe('Orders at their edges', function () {
  this.timeout(60_000);
  let db: TestDatabase;
  let tenantId: string;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db?.close());
  beforeEach(() => {
    tenantId = uuidv7();
  });

  const lineOf = (change: Partial<NewLine> = {}): NewLine => ({
    sku: 'MUG',
    title: 'Mug',
    externalId: null,
    quantity: 3,
    unitPrice: 1_000n,
    discount: 0n,
    tax: 0n,
    design: null,
    ...change,
  });
  const place = async (change: Partial<NewOrder> = {}): Promise<Order> =>
    await db.database.transaction('orders', async (transaction) => {
      const given: NewOrder = {
        tenantId,
        source: 'api',
        externalId: null,
        sourceOrderId: null,
        currency: 'EUR',
        shipping: 490n,
        credit: 0n,
        customer: { email: 'ada@example.com', name: null, phone: null },
        shippingAddress: null,
        payment: { mode: 'processor', capture: 'immediately', method: 'pm_card_visa' },
        externalPaid: 0n,
        fulfillmentMode: 'manual',
        actionSeconds: 3_600,
        externalUpdatedAt: null,
        lines: [lineOf()],
        ...change,
      };
      return (await createOrder(transaction, given, system)).order;
    });
  const change = (id: string, work: (open: OpenOrder) => Promise<void> | void): Promise<Order> =>
    db.database.transaction('orders', (transaction) => changeOrder(transaction, tenantId, id, system, work));
  const addItem = (sku: string, currency: string): Promise<void> =>
    db.database.transaction('orders', ({ sql }) =>
      new StockRepository(sql, tenantId).add({ sku, title: sku, price: 700n, currency, active: true }),
    );
  /** Worked on, and paid by a processor if it is to be. */
  const worked = async (given: Partial<NewOrder> = {}): Promise<Order> => {
    const { id } = await place(given);
    return await change(id, async (open) => {
      await reserveOrder(open);
      openForWork(open);
      if (open.order.payment.mode === 'external') return;
      const amount = standingOf(open.order).payment.due ? 3_490n : 0n;
      const { id: paymentId } = reservePayment(open, { kind: 'capture', key: 'c', amount, parentId: null });
      settlePayment(open, paymentId, { outcome: 'succeeded', reference: 'r' });
    });
  };
  const pack = async (open: OpenOrder, quantity: number, position = 0): Promise<Fulfillment> => {
    const [one] = await fulfillUnits(open, [{ lineId: open.order.lines[position]?.id ?? '', quantity }]);
    assert.ok(one);
    moveFulfillment(open, one, 'packed');
    return one;
  };
  const ship = async (open: OpenOrder, quantity: number): Promise<Fulfillment> => {
    const one = await pack(open, quantity);
    await markShipped(open, one);
    return one;
  };
  const deliver = (open: OpenOrder, one: Fulfillment): Promise<boolean> =>
    track(open, one, {
      status: 'delivered',
      occurredAt: '2026-11-28T10:00:00.000Z',
      message: null,
      place: null,
    });
  /** Gives money back for units, as a person asks for it. */
  const refundUnits = (open: OpenOrder, quantity: number, key = 'goodwill'): void => {
    const lines = [{ line_id: open.order.lines[0]?.id ?? '', quantity }];
    const amount = takeRefundable(open, lines);
    for (const { id } of reserveRefund(open, { key, amount, cause: 'goodwill', lines, reason: null }))
      settlePayment(open, id, { outcome: 'succeeded', reference: key });
  };
  const eventsOf = (id: string): Promise<DomainEvent[]> =>
    db.database.read('orders', ({ sql }) =>
      sql<DomainEvent>(
        `select id, type, tenant_id as "tenantId", subject, data, occurred_at as "occurredAt" from orders.outbox
         where subject = $1 order by position`,
        [`order:${id}`],
      ),
    );
  const dueBack = async (id: string): Promise<unknown[]> =>
    (await eventsOf(id)).filter(({ type }) => type === 'order.refund_due').map(({ data }) => data['amount']);
  const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

  it('do not time out when the money came just before the deadline', async () => {
    const { id } = await place({ payment: { mode: 'external', capture: 'immediately', method: null } });
    const waiting = await change(id, reserveOrder);
    const deadline = waiting.deadlineAt?.toISOString() ?? '';
    await change(id, (open) => markPaid(open, 3_490n));
    assert.equal((await change(id, (open) => timeOut(open, deadline))).status, 'pending');
  });

  it('time out when only a part of the money came, and say that it is to be given back', async () => {
    const { id } = await place({ payment: { mode: 'external', capture: 'immediately', method: null } });
    const deadline = (await change(id, reserveOrder)).deadlineAt?.toISOString() ?? '';
    await change(id, (open) => markPaid(open, 3_489n));
    assert.equal((await change(id, (open) => timeOut(open, deadline))).status, 'cancelled');
    assert.deepEqual(await dueBack(id), ['3489']);
  });

  it('say that money is to be given back that came after they were cancelled', async () => {
    const { id } = await place({ payment: { mode: 'external', capture: 'immediately', method: null } });
    await change(id, (open) => cancelOrder(open, 'a test'));
    await change(id, (open) => markPaid(open, 3_490n));
    await change(id, (open) => markPaid(open, 3_490n));
    assert.deepEqual(await dueBack(id), ['3490']);
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
    for (const event of await eventsOf(id)) assert.doesNotThrow(() => messageOf(event), event.type);
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
      const returns = new ReturnRepository(open.transaction.sql, tenantId);
      const one = await returns.get(returnId);
      await approveReturn(open, one);
      await receiveReturn(open, one, [{ lineId: open.order.lines[0]?.id ?? '', quantity: 1 }], null);
      await settleReturn(open, one);
    });
    const { exchangeOrderId } = await db.database.read('orders', ({ sql }) =>
      new ReturnRepository(sql, tenantId).get(returnId),
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
    assert.deepEqual(await dueBack(exchangeOrderId), ['1000']);
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
    assert.deepEqual(await dueBack(id), ['1000', '1000', '1000']);
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
    await db.database.transaction('orders', async ({ sql }) => {
      const stock = new StockRepository(sql, tenantId);
      for (const sku of ['CUP', 'MUG']) {
        await stock.add({ sku, title: sku, price: 1_000n, currency: 'EUR', active: true });
        await stock.set(sku, 'berlin', 1_000);
      }
    });
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
    await db.database.transaction('orders', async ({ sql }) => {
      const stock = new StockRepository(sql, tenantId);
      for (const sku of ['CUP', 'MUG']) {
        await stock.add({ sku, title: sku, price: 1_000n, currency: 'EUR', active: true });
        await stock.set(sku, 'berlin', 10);
      }
    });
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
      const returns = new ReturnRepository(open.transaction.sql, tenantId);
      await approveReturn(open, await returns.get(returnId));
    });
    const waiting = async (count: number) =>
      await until(async () => {
        const rows = await db.database.read('orders', ({ sql }) =>
          sql(
            `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          ),
        );
        return rows.length >= count ? true : null;
      });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const holder = db.database.transaction('orders', async ({ sql }) => {
      await sql(`select 1 from orders.stock where tenant_id = $1 and sku = 'CUP' for update`, [tenantId]);
      hold();
      await released;
    });
    await held;
    const receive = change(returned, async (open) => {
      const one = await new ReturnRepository(open.transaction.sql, tenantId).get(returnId);
      const back = open.order.lines.toReversed().map(({ id: lineId }) => ({ lineId, quantity: 1 }));
      await receiveReturn(open, one, back, 'berlin');
    });
    await waiting(1);
    const amend = change(amended, (open) =>
      amendOrder(open, {
        lines: open.order.lines.map(({ id: lineId }) => ({ lineId, quantity: 1 })),
        removeMissing: false,
      }),
    );
    await waiting(2);
    release();
    await Promise.all([holder, receive, amend]);
  });

  it('take back no more into a location than it can count', async () => {
    await addItem('MUG', 'EUR');
    const adjust = (by: number) =>
      db.database.transaction('orders', ({ sql }) =>
        new StockRepository(sql, tenantId).adjust('MUG', 'berlin', by),
      );
    await db.database.transaction('orders', ({ sql }) =>
      new StockRepository(sql, tenantId).set('MUG', 'berlin', 99_999_999),
    );
    await adjust(1);
    await assert.rejects(adjust(1), failsWith('orders.quantity_exceeded'));
  });
});
