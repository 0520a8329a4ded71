import type { ExportedFile } from '../exported-file.ts';

const organisation = ['organisation'] as const;

/** Rows of orders, each order's together. */
function ofOrders(file: {
  name: string;
  about: string;
  table: string;
  /** Beside the order: a column that tells its rows apart. */
  by: string;
  type: 'uuid' | 'bigint';
  select: string;
  kinds?: ExportedFile['kinds'];
  mentions?: true;
}): ExportedFile {
  const { name, about, table, by, type, select, kinds = organisation, mentions } = file;
  return {
    name,
    about,
    kinds,
    select: `t.order_id, ${select}`,
    from: `from orders.orders o cross join lateral (
        select t.* from ${table} t
        where t.order_id = o.id and (t.order_id, t.${by}) > ($4::uuid, $5::${type}) order by t.${by} limit $3) t
      where o.tenant_id = $1 and o.id >= $4::uuid`,
    key: [
      { of: 'o.id', type: 'uuid' },
      { of: `t.${by}`, type },
    ],
    ...(mentions ? { mentions } : {}),
  };
}

/** Rows within a row, as a list. */
const listOf = (select: string, from: string, order: string): string =>
  `(select coalesce(json_agg(l), '[]') from (select ${select} ${from} order by ${order}) l)`;

/** What orders gives to an export. The processor's token of a means of payment is not in it. */
export const ordersExport: readonly ExportedFile[] = [
  {
    name: 'items',
    about: 'What is sold.',
    kinds: organisation,
    select: `i.sku, i.title, i.price_minor, i.currency, i.active, i.weight_grams, i.length_mm, i.width_mm, i.height_mm,
      i.version, i.updated_at`,
    from: 'from orders.items i where i.tenant_id = $1',
    key: [{ of: 'i.sku', type: 'text' }],
  },
  {
    name: 'stock',
    about: 'What is there of it, by place.',
    kinds: organisation,
    select: 's.sku, s.location, s.on_hand, s.reserved, s.updated_at',
    from: 'from orders.stock s where s.tenant_id = $1',
    key: [
      { of: 's.sku', type: 'text' },
      { of: 's.location', type: 'text' },
    ],
  },
  {
    name: 'locations',
    about: 'Who sends from where.',
    kinds: organisation,
    select: 'l.location, l.sender, l.created_at, l.updated_at',
    from: 'from orders.locations l where l.tenant_id = $1',
    key: [{ of: 'l.location', type: 'text' }],
  },
  {
    name: 'orders',
    about: 'Orders, with their customers and addresses.',
    kinds: ['organisation', 'person'],
    select: `o.id, o.number, o.source, o.external_id, o.source_order_id, o.status, o.payment_status, o.return_status,
      o.hold_reason, o.problem, o.currency, o.shipping_minor, o.credit_minor, o.external_paid_minor,
      o.external_refunded_minor, o.refunds_set_off_minor, o.disputed, o.customer, o.shipping_address, o.payment->>'mode' as payment_mode,
      o.payment->>'capture' as payment_capture, o.fulfillment_mode, o.action_seconds, o.reserved_at, o.deadline_at,
      o.external_updated_at, o.revision, o.version, o.trace_id, o.created_by, o.created_at, o.updated_at,
      o.finished_at`,
    from: 'from orders.orders o where o.tenant_id = $1',
    key: [{ of: 'o.id', type: 'uuid' }],
  },
  ofOrders({
    name: 'order-lines',
    about: 'The lines of orders.',
    table: 'orders.order_lines',
    by: 'id',
    type: 'uuid',
    select: `t.id, t.position, t.sku, t.title, t.external_id, t.unit_price_minor, t.discount_minor, t.tax_minor,
      t.quantity, t.missing, t.cancelled, t.allocated, t.shipped, t.delivered, t.undeliverable, t.in_return,
      t.returned, t.refunded, t.design, t.weight_grams,
      ${listOf('location, stocked, quantity, shipped, released', 'from orders.reservations where line_id = t.id and order_id = t.order_id', 'location')}
        as reservations`,
  }),
  ofOrders({
    name: 'fulfillments',
    about: 'What was sent of orders, with what the carriers have told.',
    table: 'orders.fulfillments',
    by: 'id',
    type: 'uuid',
    select: `t.id, t.number, t.location, t.status, t.amount_minor, t.carrier, t.service, t.tracking_number,
      t.tracking_url, t.label_state, t.label_cost_minor, t.label_currency, t.tracking_status, t.tracked_at, t.problem, t.created_at, t.shipped_at,
      t.delivered_at,
      ${listOf('line_id, quantity, amount_minor', 'from orders.fulfillment_lines where fulfillment_id = t.id', 'line_id')}
        as lines,
      ${listOf('id, status, message, place, occurred_at, received_at', 'from orders.tracking_events where fulfillment_id = t.id', 'occurred_at, id')}
        as tracking`,
  }),
  ofOrders({
    name: 'payments',
    about: 'Payments and refunds.',
    table: 'orders.payments',
    by: 'id',
    type: 'uuid',
    select: `t.id, t.kind, t.key, t.amount_minor, t.state, t.reference, t.parent_id, t.fulfillment_id, t.cause, t.lines,
      t.reason, t.code, t.attempts, t.created_by, t.created_at, t.settled_at`,
  }),
  ofOrders({
    name: 'returns',
    about: 'Returns and exchanges.',
    table: 'orders.returns',
    by: 'id',
    type: 'uuid',
    select: `t.id, t.kind, t.status, t.reason, t.restock_at, t.replacement, t.exchange_order_id, t.deadline_at,
      t.created_by, t.created_at, t.updated_at, t.closed_at,
      ${listOf('line_id, quantity, received', 'from orders.return_lines where return_id = t.id', 'line_id')} as lines`,
  }),
  ofOrders({
    name: 'timeline',
    about: 'What has happened to orders.',
    table: 'orders.timeline',
    by: 'revision',
    type: 'bigint',
    select: 't.revision, t.type, t.data, t.actor_kind, t.actor_id, t.occurred_at',
  }),
  ofOrders({
    name: 'notes',
    about: 'Notes on orders.',
    table: 'orders.notes',
    by: 'id',
    type: 'uuid',
    select: 't.id, t.text, t.created_by, t.created_at',
    kinds: ['organisation', 'person'],
    mentions: true,
  }),
];
