import { erasedCustomer } from '../../domain/orders/erased-customer.ts';
import { isTerminal, orderStatuses } from '../../domain/orders/order-status.ts';
import { returnStatuses, returnTransitions } from '../../domain/orders/return-status.ts';
import type { Transaction } from '../database.ts';
import {
  readSpeakingPage,
  type SpeakingLook,
  type SpeakingPage,
  type SpeakingRow,
} from '../speaking-texts.ts';
import type { Sql } from '../sql.ts';
import { system } from './actor.ts';
import { changeOrder } from './open-order.ts';

/** An order that may be of the person. */
export interface SpeakingOrder extends SpeakingRow {
  /** Its process or a return still needs whose it is. */
  needed: boolean;
}

/** Nothing more will be brought about by these. */
const ended = orderStatuses.filter(isTerminal);
const openReturns = returnStatuses.filter(
  (status) => status !== 'none' && returnTransitions[status].length > 0,
);

/** Those of a page of orders, by their IDs, whose customer or address may be the person's. */
export async function ordersAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage<SpeakingOrder>> {
  const texts = 'jsonb_build_array(t.customer, t.shipping_address)';
  const { found, reached } = await readSpeakingPage(
    sql,
    { table: 'orders.orders', time: 'created_at', texts },
    look,
  );
  const needed = await sql<{ id: string }>(
    `select o.id from orders.orders o where o.id = any($1::uuid[]) and (o.status <> all($2::text[])
       or exists (select 1 from orders.returns r where r.order_id = o.id and r.status = any($3::text[])))`,
    [found.map(({ id }) => id), ended, openReturns],
  );
  const ids = new Set(needed.map(({ id }) => id));
  return { found: found.map((order) => ({ ...order, needed: ids.has(order.id) })), reached };
}

/** The same of notes, on whosever orders they are. */
export async function notesAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.text)';
  return await readSpeakingPage(sql, { table: 'orders.notes', time: 'created_at', texts }, look);
}

/**
 * Takes its customer out of an order that has ended: name, addresses, numbers, notes, reasons in words, and the label. Its
 * number, lines, money and course stay, for the books.
 */
export async function eraseCustomer(
  transaction: Transaction,
  tenantId: string,
  orderId: string,
): Promise<void> {
  await changeOrder(transaction, tenantId, orderId, system, (open) => {
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
