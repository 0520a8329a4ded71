import { Migration } from '@mikro-orm/migrations';
import { commandTables } from '../../commands/tables.ts';
import { outboxTables } from '../../outbox/tables.ts';

export class Migration20261128000000_orders extends Migration {
  override up(): void {
    for (const statement of [...outboxTables('orders'), ...commandTables('orders')]) this.addSql(statement);

    this.addSql(`create table orders.items (
      tenant_id uuid not null,
      sku text not null,
      title text not null,
      price_minor bigint not null check (price_minor >= 0),
      currency text not null,
      active boolean not null default true,
      version integer not null default 1,
      updated_at timestamptz not null default now(),
      primary key (tenant_id, sku)
    )`);
    // What is held for orders is never more than what is there, whoever changes either.
    this.addSql(`create table orders.stock (
      tenant_id uuid not null,
      sku text not null,
      location text not null,
      on_hand integer not null check (on_hand >= 0),
      reserved integer not null default 0 check (reserved >= 0),
      updated_at timestamptz not null default now(),
      primary key (tenant_id, sku, location),
      check (reserved <= on_hand)
    )`);

    this.addSql(`create table orders.orders (
      id uuid primary key,
      tenant_id uuid not null,
      number text not null,
      source text not null,
      external_id text,
      source_order_id uuid,
      status text not null default 'pending',
      payment_status text not null default 'unpaid',
      return_status text not null default 'none',
      hold_reason text,
      problem jsonb,
      currency text not null,
      shipping_minor bigint not null check (shipping_minor >= 0),
      credit_minor bigint not null default 0 check (credit_minor >= 0),
      external_paid_minor bigint not null default 0,
      external_refunded_minor bigint not null default 0,
      disputed boolean not null default false,
      customer jsonb not null,
      email_hash bytea not null,
      shipping_address jsonb,
      payment jsonb not null,
      fulfillment_mode text not null check (fulfillment_mode in ('automatic', 'manual')),
      action_seconds integer not null,
      reserved_at timestamptz,
      deadline_at timestamptz,
      external_updated_at timestamptz,
      revision bigint not null default 0,
      version integer not null default 1,
      trace_id text,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      finished_at timestamptz,
      unique (tenant_id, number)
    )`);
    this.addSql(`create unique index orders_external on orders.orders (tenant_id, source, external_id)
      where external_id is not null`);
    this.addSql(`create index orders_tenant on orders.orders (tenant_id, id desc)`);

    // The checks are the last guard: no rule above them may ever let one of them fail.
    this.addSql(`create table orders.order_lines (
      id uuid primary key,
      order_id uuid not null references orders.orders (id) on delete cascade,
      tenant_id uuid not null,
      position smallint not null,
      sku text not null,
      title text not null,
      external_id text,
      unit_price_minor bigint not null check (unit_price_minor >= 0),
      discount_minor bigint not null default 0 check (discount_minor >= 0),
      tax_minor bigint not null default 0 check (tax_minor >= 0),
      quantity integer not null check (quantity > 0),
      missing boolean not null default false,
      cancelled integer not null default 0 check (cancelled >= 0),
      allocated integer not null default 0 check (allocated >= 0),
      shipped integer not null default 0 check (shipped >= 0),
      delivered integer not null default 0 check (delivered >= 0),
      undeliverable integer not null default 0 check (undeliverable >= 0),
      in_return integer not null default 0 check (in_return >= 0),
      returned integer not null default 0 check (returned >= 0),
      refunded integer not null default 0 check (refunded >= 0),
      design jsonb,
      check (cancelled + allocated <= quantity),
      check (shipped <= allocated),
      check (delivered + undeliverable <= shipped),
      check (in_return <= delivered),
      check (returned <= in_return)
    )`);
    this.addSql(`create index order_lines_order on orders.order_lines (order_id, position)`);

    this.addSql(`create table orders.reservations (
      order_id uuid not null references orders.orders (id) on delete cascade,
      line_id uuid not null,
      tenant_id uuid not null,
      sku text not null,
      location text not null,
      stocked boolean not null,
      quantity integer not null check (quantity > 0),
      shipped integer not null default 0 check (shipped >= 0),
      released integer not null default 0 check (released >= 0),
      primary key (line_id, location),
      check (shipped + released <= quantity)
    )`);
    this.addSql(`create index reservations_order on orders.reservations (order_id)`);

    this.addSql(`create table orders.fulfillments (
      id uuid primary key,
      order_id uuid not null references orders.orders (id) on delete cascade,
      tenant_id uuid not null,
      number integer not null,
      location text not null,
      status text not null,
      amount_minor bigint not null check (amount_minor >= 0),
      carrier text,
      service text,
      tracking_number text,
      tracking_url text,
      label_ref text,
      label_url text,
      label_state text not null default 'none'
        check (label_state in ('none', 'requested', 'bought', 'voided', 'refused')),
      tracking_status text,
      tracked_at timestamptz,
      problem jsonb,
      created_at timestamptz not null default now(),
      shipped_at timestamptz,
      delivered_at timestamptz,
      unique (order_id, number)
    )`);
    this.addSql(`create index fulfillments_tracking on orders.fulfillments (tracking_number)
      where tracking_number is not null`);
    this.addSql(`create table orders.fulfillment_lines (
      fulfillment_id uuid not null references orders.fulfillments (id) on delete cascade,
      line_id uuid not null,
      quantity integer not null check (quantity > 0),
      amount_minor bigint not null,
      primary key (fulfillment_id, line_id)
    )`);
    this.addSql(`create table orders.tracking_events (
      id uuid primary key,
      fulfillment_id uuid not null references orders.fulfillments (id) on delete cascade,
      tenant_id uuid not null,
      status text not null,
      message text,
      place text,
      occurred_at timestamptz not null,
      received_at timestamptz not null default now(),
      unique (fulfillment_id, status, occurred_at)
    )`);

    // Every call to a payment processor, written down before it is made. The key makes an effect one of its kind.
    this.addSql(`create table orders.payments (
      id uuid primary key,
      order_id uuid not null references orders.orders (id) on delete cascade,
      tenant_id uuid not null,
      kind text not null check (kind in ('authorize', 'capture', 'void', 'refund')),
      key text not null,
      amount_minor bigint not null check (amount_minor >= 0),
      state text not null default 'reserved' check (state in ('reserved', 'unknown', 'settled', 'failed')),
      reference text,
      parent_id uuid,
      fulfillment_id uuid,
      cause text,
      lines jsonb,
      reason text,
      code text,
      attempts integer not null default 0,
      created_by uuid,
      created_at timestamptz not null default now(),
      settled_at timestamptz,
      unique (order_id, key)
    )`);
    this.addSql(`create index payments_reference on orders.payments (reference) where reference is not null`);

    this.addSql(`create table orders.returns (
      id uuid primary key,
      order_id uuid not null references orders.orders (id) on delete cascade,
      tenant_id uuid not null,
      kind text not null check (kind in ('return', 'exchange')),
      status text not null,
      reason text,
      restock_at text,
      replacement jsonb,
      exchange_order_id uuid,
      deadline_at timestamptz,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      closed_at timestamptz
    )`);
    this.addSql(`create index returns_order on orders.returns (order_id, id)`);
    this.addSql(`create table orders.return_lines (
      return_id uuid not null references orders.returns (id) on delete cascade,
      line_id uuid not null,
      quantity integer not null check (quantity > 0),
      received integer not null default 0 check (received between 0 and quantity),
      primary key (return_id, line_id)
    )`);

    this.addSql(`create table orders.timeline (
      order_id uuid not null references orders.orders (id) on delete cascade,
      revision bigint not null,
      tenant_id uuid not null,
      type text not null,
      data jsonb not null,
      actor_kind text not null check (actor_kind in ('user', 'customer', 'system', 'carrier', 'source')),
      actor_id uuid,
      occurred_at timestamptz not null default clock_timestamp(),
      primary key (order_id, revision)
    )`);
    this.addSql(`create table orders.notes (
      id uuid primary key,
      order_id uuid not null references orders.orders (id) on delete cascade,
      tenant_id uuid not null,
      text text not null,
      created_by uuid not null,
      created_at timestamptz not null default now()
    )`);
    this.addSql(`create index notes_order on orders.notes (order_id, id)`);
  }
}
