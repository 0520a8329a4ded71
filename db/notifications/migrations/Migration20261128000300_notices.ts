import { Migration } from '@mikro-orm/migrations';

/** What people are to be told, how they wish to be, and what came of it. */
export class Migration20261128000300_notices extends Migration {
  override up(): void {
    this.addSql(`
      create table notifications.preferences (
        tenant_id uuid not null,
        user_id uuid,
        settings jsonb not null,
        version integer not null default 1,
        updated_at timestamptz not null default now(),
        unique nulls not distinct (tenant_id, user_id)
      )`);
    this.addSql(`create index preferences_user on notifications.preferences (user_id)`);

    // One notice a recipient and key, however often its event comes.
    this.addSql(`
      create table notifications.notices (
        id uuid primary key,
        tenant_id uuid not null,
        recipient text not null,
        key text not null,
        user_id uuid,
        kind text not null,
        category text not null,
        critical boolean not null,
        subject text not null,
        data jsonb not null,
        event_id uuid not null,
        occurred_at timestamptz not null,
        created_at timestamptz not null default now(),
        unique (tenant_id, recipient, key)
      )`);
    this.addSql(`create index notices_tenant on notifications.notices (tenant_id, id)`);
    this.addSql(`create index notices_user on notifications.notices (user_id)`);
    this.addSql(`create index notices_created_at on notifications.notices (created_at)`);

    this.addSql(`
      create table notifications.addresses (
        id uuid primary key,
        tenant_id uuid not null,
        address text not null,
        user_id uuid,
        created_at timestamptz not null default now(),
        used_at timestamptz not null default now(),
        unique (tenant_id, address)
      )`);
    this.addSql(`create index addresses_user on notifications.addresses (user_id)`);
    this.addSql(`create index addresses_used_at on notifications.addresses (used_at)`);

    this.addSql(`
      create table notifications.suppressions (
        id uuid primary key,
        tenant_id uuid not null,
        address_id uuid not null references notifications.addresses (id) on delete cascade,
        category text,
        reason text not null check (reason in ('bounce', 'complaint', 'unsubscribe', 'manual')),
        detail text,
        created_by uuid,
        created_at timestamptz not null default now(),
        unique nulls not distinct (address_id, category)
      )`);
    this.addSql(`create index suppressions_tenant on notifications.suppressions (tenant_id, id)`);

    // One message on one channel, of one notice or of those that have gathered in it while it is open.
    this.addSql(`
      create table notifications.deliveries (
        id uuid primary key,
        tenant_id uuid not null,
        channel text not null check (channel in ('email', 'in_app', 'webhook')),
        recipient text not null,
        user_id uuid,
        category text not null,
        critical boolean not null,
        gathers text,
        open boolean not null,
        state text not null
          check (state in ('pending', 'sent', 'failed', 'suppressed', 'skipped', 'unknown')),
        due_at timestamptz not null default now(),
        claim uuid,
        claimed_at timestamptz,
        attempts integer not null default 0,
        deferred integer not null default 0,
        unreachable integer not null default 0,
        unknown integer not null default 0,
        address_id uuid references notifications.addresses (id) on delete set null,
        last_status integer,
        last_problem text,
        created_at timestamptz not null default now(),
        ended_at timestamptz
      ) with (fillfactor = 80)`);
    this.addSql(`
      create unique index deliveries_open on notifications.deliveries (tenant_id, recipient, channel, gathers)
      where open`);
    this.addSql(`
      create index deliveries_due on notifications.deliveries (tenant_id, due_at) where state = 'pending'`);
    this.addSql(`
      create index deliveries_turn on notifications.deliveries (tenant_id, critical desc, due_at)
      where state = 'pending'`);
    this.addSql(`create index deliveries_next on notifications.deliveries (due_at) where state = 'pending'`);
    this.addSql(`create index deliveries_tenant on notifications.deliveries (tenant_id, id)`);
    this.addSql(`create index deliveries_user on notifications.deliveries (user_id)`);
    this.addSql(`create index deliveries_address on notifications.deliveries (address_id)`);
    this.addSql(`create index deliveries_created_at on notifications.deliveries (created_at)`);

    this.addSql(`
      create table notifications.delivery_notices (
        delivery_id uuid not null references notifications.deliveries (id) on delete cascade,
        notice_id uuid not null references notifications.notices (id) on delete cascade,
        primary key (delivery_id, notice_id)
      )`);
    this.addSql(`create index delivery_notices_notice on notifications.delivery_notices (notice_id)`);

    this.addSql(`
      create table notifications.attempts (
        id uuid primary key,
        delivery_id uuid not null references notifications.deliveries (id) on delete cascade,
        tenant_id uuid not null,
        number integer not null,
        outcome text not null
          check (outcome in ('sent', 'deferred', 'refused', 'unreachable', 'unknown', 'suppressed', 'skipped')),
        started_at timestamptz not null,
        milliseconds integer,
        status integer,
        answer text
      )`);
    this.addSql(`create index attempts_delivery on notifications.attempts (delivery_id, id)`);
  }
}
