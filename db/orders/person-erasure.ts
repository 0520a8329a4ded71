import { erasedCustomer } from '../../domain/orders/erased-customer.ts';
import { isTerminal, orderStatuses } from '../../domain/orders/order-status.ts';
import { returnStatuses, returnTransitions } from '../../domain/orders/return-status.ts';
import type { Needles } from '../../domain/search/data-subject.ts';
import type { Transaction } from '../database.ts';
import { mayBeOf, needleParameters } from '../speaking-texts.ts';
import type { Sql } from '../sql.ts';
import { changeOrder, type Actor } from './open-order.ts';

/** An order that may be of the person, or a note that may speak of the person. */
export interface SpeakingRow {
  id: string;
  texts: unknown;
  /** Its process or a return still needs whose it is. */
  needed: boolean;
}

export interface SpeakingPage {
  found: SpeakingRow[];
  /** Where the page ends; null at the end of all. */
  reached: string | null;
}

/** Nothing more will be brought about by these. */
const ended = orderStatuses.filter(isTerminal);
const openReturns = returnStatuses.filter(
  (status) => status !== 'none' && returnTransitions[status].length > 0,
);

/** Those of a page of orders, by their IDs, whose customer or address may be the person's. */
export async function ordersAfter(
  sql: Sql,
  tenantId: string,
  before: string,
  after: string | null,
  limit: number,
  needles: Needles | null,
): Promise<SpeakingPage> {
  const rows = await sql<{ reached: string; id: string | null; texts: unknown; needed: boolean }>(
    `with page as materialized (
       select id, status, customer, shipping_address from orders.orders
       where tenant_id = $1 and created_at <= $2 and ($3::uuid is null or id > $3) order by id limit $4
     ), last as (select id as reached from page order by id desc limit 1)
     select last.reached, p.id, jsonb_build_array(p.customer, p.shipping_address) as texts,
       p.status <> all($7::text[])
       or exists (select 1 from orders.returns r where r.order_id = p.id and r.status = any($8::text[])) as needed
     from last left join page p
       on ${mayBeOf(`p.customer::text || coalesce(p.shipping_address::text, '')`, 5)} order by p.id`,
    [tenantId, before, after, limit, ...needleParameters(needles), ended, openReturns],
  );
  return pageOf(rows);
}

/** The same of notes, on whosever orders they are. */
export async function notesAfter(
  sql: Sql,
  tenantId: string,
  before: string,
  after: string | null,
  limit: number,
  needles: Needles | null,
): Promise<SpeakingPage> {
  const rows = await sql<{ reached: string; id: string | null; texts: unknown; needed: boolean }>(
    `with page as materialized (
       select id, text from orders.notes
       where tenant_id = $1 and created_at <= $2 and ($3::uuid is null or id > $3) order by id limit $4
     ), last as (select id as reached from page order by id desc limit 1)
     select last.reached, p.id, p.text as texts, false as needed
     from last left join page p on ${mayBeOf('p.text', 5)} order by p.id`,
    [tenantId, before, after, limit, ...needleParameters(needles)],
  );
  return pageOf(rows);
}

function pageOf(
  rows: { reached: string; id: string | null; texts: unknown; needed: boolean }[],
): SpeakingPage {
  return {
    found: rows.flatMap(({ id, texts, needed }) => (id === null ? [] : [{ id, texts, needed }])),
    reached: rows[0]?.reached ?? null,
  };
}

const actor: Actor = { kind: 'system', userId: null, traceId: null };

/**
 * Takes its customer out of an order that has ended: name, addresses, numbers, notes, reasons in words, and the label. Its
 * number, lines, money and course stay, for the books.
 */
export async function eraseCustomer(
  transaction: Transaction,
  tenantId: string,
  orderId: string,
): Promise<void> {
  await changeOrder(transaction, tenantId, orderId, actor, (open) => {
    open.order.customer = erasedCustomer(orderId);
    open.order.shippingAddress = null;
    open.order.holdReason = null;
    open.order.payment = { ...open.order.payment, method: null };
    open.tell('order.customer_erased');
  });
  for (const statement of [
    'delete from orders.notes where order_id = $1',
    'update orders.fulfillments set label_ref = null, label_url = null where order_id = $1',
    'update orders.returns set reason = null where order_id = $1',
    'update orders.payments set reason = null where order_id = $1',
    `update orders.tracking_events set message = null, place = null
     where fulfillment_id in (select id from orders.fulfillments where order_id = $1)`,
    // What people have written, beside the codes.
    `update orders.timeline set data = data - 'note' where order_id = $1 and data ? 'note'`,
  ])
    await transaction.sql(statement, [orderId]);
}

export async function deleteNotes(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql('delete from orders.notes where id = any($1::uuid[]) returning id', [ids]);
  return rows.length;
}
