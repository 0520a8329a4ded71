import { Migration } from '@mikro-orm/migrations';

/** What comes in: who may send, what was sent, and what became of it. */
export class Migration20261128000100_inbound extends Migration {
  override up(): void {
    this.addSql(`create table webhooks.sources (
      id uuid primary key,
      tenant_id uuid not null,
      kind text not null,
      name text not null,
      account text,
      state text not null default 'active' check (state in ('active', 'paused')),
      verifier jsonb,
      reading jsonb not null default '{}',
      hold_unknown boolean not null,
      secrets text not null,
      secret_fingerprints text[] not null,
      credentials text,
      reconciled_until timestamptz,
      reconcile_due_at timestamptz,
      reconcile_error text,
      version integer not null default 1,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`);
    this.addSql(`create unique index sources_account on webhooks.sources (tenant_id, kind, account)`);
    this.addSql(`create index sources_kind on webhooks.sources (kind, account, created_at)`);
    this.addSql(`create index sources_fingerprints on webhooks.sources using gin (secret_fingerprints)`);
    this.addSql(
      `create index sources_due on webhooks.sources (reconcile_due_at) where reconcile_due_at is not null`,
    );
    this.addSql(`create table webhooks.inbound_deliveries (
      id uuid primary key,
      tenant_id uuid not null,
      source_id uuid not null references webhooks.sources (id) on delete cascade,
      provider_id text not null,
      topic text not null,
      event_id text not null,
      via text not null check (via in ('webhook', 'reconciliation')),
      headers jsonb not null,
      body text,
      body_bytes integer not null,
      received_at timestamptz not null default now(),
      unique (source_id, provider_id)
    )`);
    this.addSql(
      `create index inbound_deliveries_event on webhooks.inbound_deliveries (source_id, topic, event_id)`,
    );
    this.addSql(`create index inbound_deliveries_age on webhooks.inbound_deliveries (received_at)`);
    this.addSql(`create index inbound_deliveries_tenant on webhooks.inbound_deliveries (tenant_id)`);
    this.addSql(`create table webhooks.inbound_entities (
      id uuid primary key,
      tenant_id uuid not null,
      source_id uuid not null references webhooks.sources (id) on delete cascade,
      kind text not null,
      external_id text not null,
      state_at timestamptz,
      rank integer not null default 0,
      final boolean not null default false,
      version integer not null default 0,
      latest_event uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (source_id, kind, external_id)
    )`);
    this.addSql(`create index inbound_entities_tenant on webhooks.inbound_entities (tenant_id)`);
    this.addSql(`create table webhooks.inbound_events (
      id uuid primary key,
      tenant_id uuid not null,
      source_id uuid not null references webhooks.sources (id) on delete cascade,
      topic text not null,
      event_id text not null,
      delivery_id uuid not null references webhooks.inbound_deliveries (id) on delete cascade,
      state text not null,
      run integer not null default 0,
      attempts integer not null default 0,
      failures integer not null default 0,
      next_at timestamptz default now() + interval '15 minutes',
      entity_id uuid references webhooks.inbound_entities (id) on delete set null,
      occurred_at timestamptz,
      error_code text,
      error text,
      effects jsonb not null default '[]',
      received_at timestamptz not null default now(),
      settled_at timestamptz,
      unique (source_id, topic, event_id)
    )`);
    this.addSql(`create index inbound_events_tenant on webhooks.inbound_events (tenant_id, id desc)`);
    this.addSql(`create index inbound_events_delivery on webhooks.inbound_events (delivery_id)`);
    this.addSql(
      `create index inbound_events_entity on webhooks.inbound_events (entity_id, id) where entity_id is not null`,
    );
    this.addSql(
      `create index inbound_events_due on webhooks.inbound_events (next_at) where next_at is not null`,
    );
    this.addSql(`create table webhooks.inbound_attempts (
      event_id uuid not null references webhooks.inbound_events (id) on delete cascade,
      attempt integer not null,
      outcome text not null,
      error_code text,
      error text,
      next_at timestamptz,
      made_at timestamptz not null default now(),
      primary key (event_id, attempt)
    )`);
    this.addSql(`create table webhooks.inbound_waits (
      tenant_id uuid not null,
      subject text not null,
      event_id uuid not null references webhooks.inbound_events (id) on delete cascade,
      primary key (tenant_id, subject, event_id)
    )`);
    this.addSql(`create index inbound_waits_event on webhooks.inbound_waits (event_id)`);
    this.addSql(`create table webhooks.known_subjects (
      tenant_id uuid not null,
      subject text not null,
      known_at timestamptz not null default now(),
      primary key (tenant_id, subject)
    )`);
  }
}
