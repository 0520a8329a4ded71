import { Migration } from '@mikro-orm/migrations';

/** Wishes to have webhooks that came in tried again, by filter, and how far each has come. */
export class Migration20261128130000_inbound_replays extends Migration {
  override up(): void {
    this.addSql(`
      create table webhooks.inbound_replays (
        id uuid primary key,
        tenant_id uuid not null,
        filter jsonb not null,
        matching integer not null,
        state text not null check (state in ('running', 'completed', 'stopped')),
        cursor uuid,
        replayed integer not null default 0,
        created_by uuid not null,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      )`);
    this.addSql(`create index inbound_replays_tenant on webhooks.inbound_replays (tenant_id, id)`);
  }
}
