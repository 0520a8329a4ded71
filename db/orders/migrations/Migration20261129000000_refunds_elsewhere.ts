import { Migration } from '@mikro-orm/migrations';

/** Refunds that were made at a processor or a shop. */
export class Migration20261129000000_refunds_elsewhere extends Migration {
  override up(): void {
    this.addSql(`alter table orders.orders
      add column refunds_set_off_minor bigint not null default 0 check (refunds_set_off_minor >= 0)`);
    // The order that a payment elsewhere was for, by the payment's name.
    this.addSql(`create index orders_external_payments on orders.orders using gin (external_payments)
      where external_payments <> '{}'`);
    // What was known as refunded whole by a shop until now.
    this.addSql(`insert into orders.payments (id, order_id, tenant_id, kind, key, amount_minor, state, cause, lines, settled_at)
      select gen_random_uuid(), id, tenant_id, 'refund', 'refund:elsewhere:' || source || ':' || external_id || ':unnamed',
        external_refunded_minor, 'settled', 'elsewhere', '[]', updated_at
      from orders.orders where external_refunded_minor > 0 and external_id is not null`);
  }
}
