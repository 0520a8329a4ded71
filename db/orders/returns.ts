import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import { returnableUnits } from '../../domain/orders/lines.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import { requireReturnMove, type ReturnStatus } from '../../domain/orders/return-status.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import type { OpenOrder } from './open-order.ts';
import { lockStock } from './reservations.ts';
import { StockRepository } from './stock.repository.ts';

export interface ReturnLine {
  lineId: string;
  quantity: number;
  received: number;
}

/** What is to be sent instead of what comes back. */
export interface Replacement {
  sku: string;
  quantity: number;
}

export interface Return {
  id: string;
  orderId: string;
  kind: 'return' | 'exchange';
  status: ReturnStatus;
  reason: string | null;
  /** The location that it went back into stock at. */
  restockAt: string | null;
  replacement: Replacement[] | null;
  exchangeOrderId: string | null;
  createdAt: Date;
  updatedAt: Date;
  closedAt: Date | null;
  lines: ReturnLine[];
}

const columns = `id, order_id as "orderId", kind, status, reason, restock_at as "restockAt", replacement,
  exchange_order_id as "exchangeOrderId", created_at as "createdAt", updated_at as "updatedAt", closed_at as "closedAt",
  (select coalesce(jsonb_agg(jsonb_build_object('lineId', line_id, 'quantity', quantity, 'received', received)
     order by line_id), '[]') from orders.return_lines l where l.return_id = r.id) as lines`;

/** The returns of a tenant. Whoever changes one holds its order locked. */
export class ReturnRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `orders.return_not_found`, also for another tenant's */
  async get(id: string): Promise<Return> {
    const [one] = await this.#select('id = $2', [id]);
    if (!one) throw new Failure('orders.return_not_found', 'There is no such return.');
    return one;
  }

  /** Newest first: of one order, or of all. */
  async list(orderId: string | null, limit: number, afterId: string | null): Promise<Return[]> {
    return await this.#select(
      `($2::uuid is null or order_id = $2) and ($3::uuid is null or id < $3) order by id desc limit $4`,
      [orderId, afterId, limit],
    );
  }

  async #select(condition: string, parameters: unknown[]): Promise<Return[]> {
    const rows = await this.#sql<Return>(
      `select ${columns} from orders.returns r where tenant_id = $1 and ${condition}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'updatedAt', 'closedAt']);
  }
}

export interface NewReturn {
  lines: readonly { lineId: string; quantity: number }[];
  reason: string | null;
  /** Makes it an exchange. */
  replacement: Replacement[] | null;
}

/**
 * Asks for units to be taken back that were delivered. A unit is in one return at a time.
 *
 * @throws Failure `orders.order_state`, `orders.line_not_found`, `orders.quantity_exceeded`
 */
export async function requestReturn(open: OpenOrder, given: NewReturn): Promise<string> {
  const { order, transaction } = open;
  admitCommand('return', order.status);
  const id = uuidv7();
  await transaction.sql(
    `insert into orders.returns (id, order_id, tenant_id, kind, status, reason, replacement, created_by)
     values ($1, $2, $3, $4, 'requested', $5, $6, $7)`,
    [
      id,
      order.id,
      order.tenantId,
      given.replacement ? 'exchange' : 'return',
      given.reason,
      given.replacement && JSON.stringify(given.replacement),
      open.actor.userId,
    ],
  );
  for (const { lineId, quantity } of given.lines) {
    const line = open.line(lineId);
    if (!line) throw new Failure('orders.line_not_found', 'The order has no such line.', { line_id: lineId });
    if (quantity > returnableUnits(line))
      throw new Failure(
        'orders.quantity_exceeded',
        'So many units were not delivered, or are in a return already.',
        {
          line_id: lineId,
          left: returnableUnits(line),
        },
      );
    line.returning += quantity;
    await transaction.sql(
      'insert into orders.return_lines (return_id, line_id, quantity) values ($1, $2, $3)',
      [id, lineId, quantity],
    );
  }
  order.returnStatus = 'requested';
  const lines = given.lines.map(({ lineId, quantity }) => ({ line_id: lineId, quantity }));
  open.tell('return.requested', { return_id: id, kind: given.replacement ? 'exchange' : 'return', lines });
  return id;
}

/** @throws Failure `orders.return_state` */
export async function approveReturn(open: OpenOrder, one: Return): Promise<void> {
  await move(open, one, 'approved');
  open.tell('return.approved', { return_id: one.id });
}

/** @throws Failure `orders.return_state` */
export async function declineReturn(open: OpenOrder, one: Return, reason: string): Promise<void> {
  await move(open, one, 'declined');
  giveUpUnits(open, one);
  open.tell('return.declined', { return_id: one.id }, { note: reason });
}

/**
 * Takes in what has come back, some or all of it. What is kept in stock and fit to be sold goes back there.
 *
 * @param restockAt the location that it goes back to; null when it is not fit to be sold
 * @throws Failure `orders.return_state`, `orders.quantity_exceeded`
 */
export async function receiveReturn(
  open: OpenOrder,
  one: Return,
  received: readonly { lineId: string; quantity: number }[],
  restockAt: string | null,
): Promise<void> {
  const { order, transaction } = open;
  const stock = new StockRepository(transaction.sql, order.tenantId);
  const skuOf = ({ lineId }: { lineId: string }) => open.line(lineId)?.sku ?? '';
  await lockStock(open);
  for (const { lineId, quantity } of received.toSorted((a, b) => (skuOf(a) < skuOf(b) ? -1 : 1))) {
    const expected = one.lines.find((line) => line.lineId === lineId);
    const line = open.line(lineId);
    if (!expected || !line)
      throw new Failure('orders.line_not_found', 'The return has no such line.', { line_id: lineId });
    if (expected.received + quantity > expected.quantity)
      throw new Failure('orders.quantity_exceeded', 'So many units are not expected back.', {
        line_id: lineId,
        left: expected.quantity - expected.received,
      });
    expected.received += quantity;
    line.returned += quantity;
    await transaction.sql(
      'update orders.return_lines set received = $3 where return_id = $1 and line_id = $2',
      [one.id, lineId, expected.received],
    );
    const isStocked = (await stock.find([line.sku])).length > 0;
    if (isStocked && restockAt !== null) await stock.adjust(line.sku, restockAt, quantity);
  }
  const whole = one.lines.every((line) => line.received === line.quantity);
  const to = whole ? 'received' : 'partially_received';
  if (one.status !== to) await move(open, one, to);
  await transaction.sql('update orders.returns set restock_at = coalesce($2, restock_at) where id = $1', [
    one.id,
    restockAt,
  ]);
  open.tell('return.received', {
    return_id: one.id,
    whole,
    lines: received.map(({ lineId, quantity }) => ({ line_id: lineId, quantity })),
  });
}

/** Nothing more is expected. What did not come back can be returned another time. */
export async function closeReturn(
  open: OpenOrder,
  one: Return,
  exchangeOrderId: string | null,
): Promise<void> {
  if (one.status === 'closed') return;
  await move(open, one, 'closed');
  giveUpUnits(open, one);
  await open.transaction.sql(
    'update orders.returns set closed_at = now(), exchange_order_id = $2 where id = $1',
    [one.id, exchangeOrderId],
  );
  open.tell('return.closed', { return_id: one.id, exchange_order_id: exchangeOrderId });
}

function giveUpUnits(open: OpenOrder, one: Return): void {
  for (const { lineId, quantity, received } of one.lines) {
    const line = open.line(lineId);
    if (line) line.returning -= quantity - received;
  }
}

async function move(open: OpenOrder, one: Return, to: ReturnStatus): Promise<void> {
  requireReturnMove(one.status, to);
  one.status = to;
  open.order.returnStatus = to;
  await open.transaction.sql('update orders.returns set status = $2, updated_at = now() where id = $1', [
    one.id,
    to,
  ]);
}
