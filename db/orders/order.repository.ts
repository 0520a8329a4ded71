import { createHash } from 'node:crypto';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import type { ActorKind } from './actor.ts';
import type { Fulfillment, FulfillmentLine, Order, OrderLine, OrderRow, Payment } from './order.ts';

const orderColumns = `id, tenant_id as "tenantId", number, source, external_id as "externalId",
  source_order_id as "sourceOrderId", status, payment_status as "paymentStatus", return_status as "returnStatus",
  hold_reason as "holdReason", problem, currency, shipping_minor as shipping, credit_minor as credit,
  credit_left_minor as "creditLeft", credit_returned_minor as "creditReturned",
  external_payments as "externalPayments", external_paid_minor as "externalPaid",
  external_refunded_minor as "externalRefunded", refunds_set_off_minor as "refundsSetOff", disputed, customer,
  shipping_address as "shippingAddress", payment, fulfillment_mode as "fulfillmentMode",
  action_seconds as "actionSeconds", reserved_at as "reservedAt", deadline_at as "deadlineAt",
  external_updated_at as "externalUpdatedAt", revision, version, trace_id as "traceId", created_by as "createdBy",
  created_at as "createdAt", updated_at as "updatedAt", finished_at as "finishedAt", clock_timestamp() as "readAt"`;

const lineColumns = `id, order_id as "orderId", position, sku, title, external_id as "externalId",
  unit_price_minor as "unitPrice", discount_minor as discount, tax_minor as tax, quantity, missing, cancelled, allocated,
  shipped, delivered, undeliverable, in_return as "returning", returned, refunded, design,
  weight_grams as "weightGrams"`;

const fulfillmentColumns = `id, order_id as "orderId", number, location, status, amount_minor as amount, carrier, service,
  tracking_number as "trackingNumber", tracking_url as "trackingUrl", label_ref as "labelRef", label_url as "labelUrl",
  label_state as "labelState", label_cost_minor as "labelCostMinor", label_currency as "labelCurrency",
  label_tries as "labelTries", label_retry_at as "labelRetryAt", tracking_status as "trackingStatus",
  tracked_at as "trackedAt", problem,
  created_at as "createdAt", shipped_at as "shippedAt", delivered_at as "deliveredAt",
  (select coalesce(jsonb_agg(jsonb_build_object('lineId', line_id, 'quantity', quantity, 'amount', amount_minor::text)
     order by line_id), '[]') from orders.fulfillment_lines l where l.fulfillment_id = f.id) as lines`;

const paymentColumns = `id, order_id as "orderId", kind, key, amount_minor as amount, state, reference,
  parent_id as "parentId", fulfillment_id as "fulfillmentId", cause, lines, reason, code, action, attempts, final,
  created_by as "createdBy", created_at as "createdAt", settled_at as "settledAt"`;

/** What a list of orders is filtered by. */
export interface OrderFilter {
  status?: string | undefined;
  paymentStatus?: string | undefined;
  source?: string | undefined;
  externalId?: string | undefined;
  number?: string | undefined;
  sku?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface TimelineEntry {
  revision: number;
  type: string;
  data: Record<string, unknown>;
  actorKind: ActorKind;
  actorId: string | null;
  /** ISO 8601. */
  occurredAt: string;
}

/** The orders of a tenant. */
export class OrderRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `orders.order_not_found`, also for another tenant's */
  async get(id: string): Promise<Order> {
    return found(await this.#select('tenant_id = $1 and id = $2', [id]));
  }

  /** The same, held until the transaction ends: whoever wants to change the order too waits. */
  async lock(id: string): Promise<Order> {
    return found(await this.#select('tenant_id = $1 and id = $2 for no key update', [id]));
  }

  async findExternal(source: string, externalId: string): Promise<{ id: string } | null> {
    const [row] = await this.#sql<{ id: string }>(
      `select id from orders.orders where tenant_id = $1 and source = $2 and external_id = $3`,
      [this.#tenantId, source, externalId],
    );
    return row ?? null;
  }

  /** The order that a number and an address name together. Either alone finds nothing, also where a shop knew no address. */
  async lookUp(number: string, email: string): Promise<Order | null> {
    if (email.trim() === '') return null;
    const [order] = await this.#select('tenant_id = $1 and number = $2 and email_hash = $3', [
      number,
      emailHash(email),
    ]);
    return order ?? null;
  }

  /** Newest first. */
  async list(filter: OrderFilter, limit: number, afterId: string | null): Promise<Order[]> {
    return await this.#select(
      `tenant_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or status = $3)
       and ($4::text is null or payment_status = $4) and ($5::text is null or source = $5)
       and ($6::text is null or external_id = $6) and ($7::text is null or number = $7)
       and ($8::text is null or exists (select 1 from orders.order_lines l where l.order_id = orders.id and l.sku = $8))
       and ($9::timestamptz is null or created_at >= $9) and ($10::timestamptz is null or created_at < $10)
       order by id desc limit $11`,
      [
        afterId,
        filter.status ?? null,
        filter.paymentStatus ?? null,
        filter.source ?? null,
        filter.externalId ?? null,
        filter.number ?? null,
        filter.sku ?? null,
        filter.from ?? null,
        filter.to ?? null,
        limit,
      ],
    );
  }

  async timeline(orderId: string, afterRevision: number, limit: number): Promise<TimelineEntry[]> {
    return await this.#sql<TimelineEntry>(
      `select revision::float8 as revision, type, data, actor_kind as "actorKind", actor_id as "actorId",
         to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt"
       from orders.timeline where tenant_id = $1 and order_id = $2 and revision > $3 order by revision limit $4`,
      [this.#tenantId, orderId, afterRevision, limit],
    );
  }

  async #select(condition: string, parameters: unknown[]): Promise<Order[]> {
    const rows = await this.#sql<OrderRow>(`select ${orderColumns} from orders.orders where ${condition}`, [
      this.#tenantId,
      ...parameters,
    ]);
    if (rows.length === 0) return [];
    const ids = [rows.map(({ id }) => id)];
    const lines = await this.#sql<OrderLine & { orderId: string }>(
      `select ${lineColumns} from orders.order_lines where order_id = any($1::uuid[]) order by position`,
      ids,
    );
    const fulfillments = await this.#sql<FulfillmentRow>(
      `select ${fulfillmentColumns} from orders.fulfillments f where order_id = any($1::uuid[]) order by number`,
      ids,
    );
    const payments = await this.#sql<Payment & { orderId: string }>(
      `select ${paymentColumns} from orders.payments where order_id = any($1::uuid[]) order by id`,
      ids,
    );
    const exchanged = await this.#exchanged(rows);
    return rows.map((row) => ({
      ...toRow(row),
      exchanged: exchanged.get(row.id) ?? 0n,
      lines: ofOrder(lines, row.id).map(toLine),
      fulfillments: ofOrder(fulfillments, row.id).map(toFulfillment),
      payments: ofOrder(payments, row.id).map(toPayment),
    }));
  }

  /** A question of its own, so that it sees what was committed while a lock was waited for. */
  async #exchanged(orders: readonly OrderRow[]): Promise<Map<string, bigint>> {
    const ids = orders.filter(({ returnStatus }) => returnStatus !== 'none').map(({ id }) => id);
    if (ids.length === 0) return new Map();
    const rows = await this.#sql<{ id: string; exchanged: string }>(
      `select r.order_id as id, sum(o.credit_minor - o.credit_left_minor)::text as exchanged
       from orders.returns r join orders.orders o on o.id = r.exchange_order_id
       where r.order_id = any($1::uuid[]) group by r.order_id`,
      [ids],
    );
    return new Map(rows.map(({ id, exchanged }) => [id, BigInt(exchanged)]));
  }
}

type FulfillmentRow = Omit<Fulfillment, 'labelCost'> & {
  orderId: string;
  labelCostMinor: string | null;
  labelCurrency: string | null;
};

/** What an order is looked up by besides its number. The address itself is no key anywhere. */
export function emailHash(email: string): Buffer {
  return createHash('sha256').update(email.trim().toLowerCase()).digest();
}

function ofOrder<T extends { orderId: string }>(rows: readonly T[], id: string): T[] {
  return rows.filter((row) => row.orderId === id);
}

/** The driver gives 64-bit integers and timestamps as text. */
function toRow(row: OrderRow): OrderRow {
  return {
    ...row,
    shipping: BigInt(row.shipping),
    credit: BigInt(row.credit),
    creditLeft: BigInt(row.creditLeft),
    creditReturned: BigInt(row.creditReturned),
    externalPaid: BigInt(row.externalPaid),
    externalRefunded: BigInt(row.externalRefunded),
    refundsSetOff: BigInt(row.refundsSetOff),
    revision: Number(row.revision),
    reservedAt: dateOf(row.reservedAt),
    deadlineAt: dateOf(row.deadlineAt),
    externalUpdatedAt: dateOf(row.externalUpdatedAt),
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
    finishedAt: dateOf(row.finishedAt),
    readAt: new Date(row.readAt),
  };
}

function toLine(line: OrderLine): OrderLine {
  return {
    ...line,
    unitPrice: BigInt(line.unitPrice),
    discount: BigInt(line.discount),
    tax: BigInt(line.tax),
  };
}

function toFulfillment({ labelCostMinor, labelCurrency, ...one }: FulfillmentRow): Fulfillment {
  return {
    ...one,
    labelCost:
      labelCostMinor !== null && labelCurrency !== null
        ? { amount: BigInt(labelCostMinor), currency: labelCurrency }
        : null,
    amount: BigInt(one.amount),
    trackedAt: dateOf(one.trackedAt),
    labelRetryAt: dateOf(one.labelRetryAt),
    createdAt: new Date(one.createdAt),
    shippedAt: dateOf(one.shippedAt),
    deliveredAt: dateOf(one.deliveredAt),
    lines: one.lines.map((line: FulfillmentLine) => ({ ...line, amount: BigInt(line.amount) })),
  };
}

function toPayment(one: Payment): Payment {
  return {
    ...one,
    amount: BigInt(one.amount),
    createdAt: new Date(one.createdAt),
    settledAt: dateOf(one.settledAt),
  };
}

function dateOf(value: Date | string | null): Date | null {
  return value === null ? null : new Date(value);
}

function found(orders: Order[]): Order {
  const [order] = orders;
  if (!order) throw new Failure('orders.order_not_found', 'There is no such order.');
  return order;
}
