import { Migration } from '@mikro-orm/migrations';

export class Migration20261128110000_payments extends Migration {
  override up(): void {
    // What of an exchange's credit is to be given back after all, and each payment elsewhere by its name.
    this.addSql(`alter table orders.orders
      add column credit_left_minor bigint not null default 0 check (credit_left_minor between 0 and credit_minor),
      add column credit_returned_minor bigint not null default 0 check (credit_returned_minor >= 0),
      add column external_payments jsonb not null default '{}'`);
    this.addSql(`update orders.orders set credit_left_minor = credit_minor
      where credit_minor > 0 and status in ('cancelled', 'timed_out', 'failed')`);

    // A payment that its customer has to confirm, and the capture after which nothing is held any more.
    this.addSql(`alter table orders.payments
      add column final boolean not null default false,
      add column action text,
      drop constraint payments_state_check,
      add constraint payments_state_check
        check (state in ('reserved', 'unknown', 'action_required', 'settled', 'failed'))`);

    // A carrier that could not be reached about a label is tried again.
    this.addSql(`alter table orders.fulfillments
      add column label_tries integer not null default 0,
      add column label_retry_at timestamptz`);
  }
}
