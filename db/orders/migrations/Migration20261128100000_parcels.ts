import { Migration } from '@mikro-orm/migrations';

/** What a carrier has to know of a parcel, and what became of its label. */
export class Migration20261128100000_parcels extends Migration {
  override up(): void {
    this.addSql(`alter table orders.items
      add column weight_grams integer check (weight_grams >= 0),
      add column length_mm integer check (length_mm > 0),
      add column width_mm integer check (width_mm > 0),
      add column height_mm integer check (height_mm > 0),
      add check (num_nulls(length_mm, width_mm, height_mm) in (0, 3))`);
    this.addSql(`alter table orders.order_lines add column weight_grams integer check (weight_grams >= 0)`);

    this.addSql(`create table orders.locations (
      tenant_id uuid not null,
      location text not null,
      sender jsonb not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (tenant_id, location)
    )`);

    this.addSql(`alter table orders.fulfillments
      add column label_cost_minor bigint check (label_cost_minor >= 0),
      add column label_currency text,
      drop constraint fulfillments_label_state_check,
      add constraint fulfillments_label_state_check
        check (label_state in ('none', 'waiting', 'requested', 'bought', 'voided', 'kept', 'refused'))`);
    this.addSql(`create index fulfillments_waiting on orders.fulfillments (tenant_id, location)
      where label_state = 'waiting'`);
  }
}
