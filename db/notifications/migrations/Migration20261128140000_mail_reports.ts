import { Migration } from '@mikro-orm/migrations';

/** What is told of mails after the mail server has taken them over. */
export class Migration20261128140000_mail_reports extends Migration {
  override up(): void {
    // Of each kind one a mail: told again it says nothing new, and nobody fills the table.
    this.addSql(`
      create table notifications.mail_reports (
        id uuid primary key,
        tenant_id uuid not null,
        delivery_id uuid not null references notifications.deliveries (id) on delete cascade,
        kind text not null,
        status text,
        detail text,
        created_at timestamptz not null default now(),
        unique (delivery_id, kind)
      )`);
    this.addSql(`create index mail_reports_tenant on notifications.mail_reports (tenant_id, id)`);
    this.addSql(`alter table notifications.suppressions add column reported boolean not null default false`);
  }
}
