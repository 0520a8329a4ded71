import { Migration } from '@mikro-orm/migrations';

/** Endpoints, the messages to them, and what came of each. */
export class Migration20261128000500_outbound extends Migration {
  override up(): void {
    this.addSql(`
      create table webhooks.endpoints (
        id uuid primary key,
        tenant_id uuid not null,
        url text not null,
        description text not null,
        event_types text[] not null,
        payload_version integer not null,
        ordering text not null check (ordering in ('none', 'subject')),
        rate_per_second double precision,
        headers text,
        secret text not null,
        old_secrets jsonb not null default '[]',
        state text not null check (state in ('enabled', 'paused', 'disabled', 'deleted')),
        disabled_reason text,
        version integer not null default 1,
        created_by uuid not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`create index endpoints_tenant on webhooks.endpoints (tenant_id, id)`);

    // Of every attempt: kept apart from what people edit, and with room in each page for its next state.
    this.addSql(`
      create table webhooks.endpoint_health (
        endpoint_id uuid primary key references webhooks.endpoints (id) on delete cascade,
        failures integer not null default 0,
        outages integer not null default 0,
        failing_since timestamptz,
        open_until timestamptz,
        hold_until timestamptz,
        last_success_at timestamptz,
        last_failure_at timestamptz,
        tokens double precision not null default 1,
        tokens_at timestamptz not null default now()
      ) with (fillfactor = 50)`);

    this.addSql(`
      create table webhooks.messages (
        id uuid primary key,
        tenant_id uuid not null,
        type text not null,
        subject text not null,
        operational boolean not null,
        about uuid,
        bodies jsonb not null,
        occurred_at timestamptz not null,
        created_at timestamptz not null default now()
      )`);
    this.addSql(`create index messages_tenant on webhooks.messages (tenant_id, id)`);
    this.addSql(`create index messages_created_at on webhooks.messages (created_at)`);

    // One row a message and endpoint. due_at is when its next attempt may be made; while one is under way it is when that
    // is given up for lost; 'infinity' behind an earlier message of its subject.
    this.addSql(`
      create table webhooks.deliveries (
        message_id uuid not null references webhooks.messages (id) on delete cascade,
        endpoint_id uuid not null references webhooks.endpoints (id),
        tenant_id uuid not null,
        position bigint generated always as identity,
        subject text not null,
        trigger text not null,
        state text not null check (state in ('pending', 'delivered', 'exhausted')),
        attempts integer not null default 0,
        failed integer not null default 0,
        due_at timestamptz not null,
        claim uuid,
        claimed_at timestamptz,
        last_status integer,
        last_problem text,
        delivered_at timestamptz,
        exhausted_at timestamptz,
        created_at timestamptz not null default now(),
        primary key (message_id, endpoint_id)
      ) with (fillfactor = 80)`);
    this.addSql(
      `create index deliveries_due on webhooks.deliveries (endpoint_id, due_at) where state = 'pending'`,
    );
    this.addSql(
      `create index deliveries_order on webhooks.deliveries (endpoint_id, subject, position)
       where state = 'pending'`,
    );
    this.addSql(`create index deliveries_endpoint on webhooks.deliveries (endpoint_id, message_id)`);

    this.addSql(`
      create table webhooks.attempts (
        id uuid primary key,
        message_id uuid not null references webhooks.messages (id) on delete cascade,
        endpoint_id uuid not null,
        tenant_id uuid not null,
        number integer not null,
        trigger text not null,
        outcome text not null check (outcome in ('delivered', 'failed', 'lost')),
        started_at timestamptz not null,
        milliseconds double precision,
        status integer,
        problem text,
        detail text,
        request_headers jsonb not null,
        response_headers jsonb,
        response_body text,
        response_cut boolean not null default false
      )`);
    this.addSql(`create index attempts_message on webhooks.attempts (message_id, id)`);
    this.addSql(`create index attempts_endpoint on webhooks.attempts (endpoint_id, id)`);

    this.addSql(`
      create table webhooks.recoveries (
        id uuid primary key,
        tenant_id uuid not null,
        endpoint_id uuid not null references webhooks.endpoints (id) on delete cascade,
        kind text not null check (kind in ('failed', 'missing')),
        since timestamptz not null,
        until timestamptz not null,
        state text not null check (state in ('running', 'completed', 'stopped')),
        cursor uuid,
        sent integer not null default 0,
        created_by uuid not null,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      )`);
    this.addSql(`create index recoveries_endpoint on webhooks.recoveries (endpoint_id, id)`);
  }
}
