import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000200_providers extends Migration {
  override up(): void {
    // The generation is part of every cache key: to add one to it is to forget all cached answers of the tenant.
    this.addSql(`create table search.settings (
      tenant_id uuid primary key,
      generation bigint not null default 1,
      currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
      cache_ttl_seconds integer not null default 3600 check (cache_ttl_seconds >= 0),
      version integer not null default 1,
      updated_at timestamptz not null default now()
    )`);
    this.addSql(`create table search.providers (
      id uuid primary key,
      tenant_id uuid not null references search.settings (tenant_id),
      name text not null,
      kind text not null check (kind in ('records', 'phone', 'email', 'http')),
      place integer not null,
      enabled boolean not null,
      search_kinds text[] not null,
      cost_per_call_micros bigint not null check (cost_per_call_micros >= 0),
      cost_per_hit_micros bigint not null check (cost_per_hit_micros >= 0),
      budget_day_micros bigint check (budget_day_micros >= 0),
      budget_month_micros bigint check (budget_month_micros >= 0),
      timeout_ms integer not null check (timeout_ms > 0),
      rate_per_second double precision check (rate_per_second > 0),
      rate_burst integer not null check (rate_burst > 0),
      concurrency integer check (concurrency > 0),
      cache_ttl_seconds integer check (cache_ttl_seconds >= 0),
      breaker_failures integer not null check (breaker_failures > 0),
      breaker_cooldown_ms integer not null check (breaker_cooldown_ms > 0),
      config jsonb,
      secrets text,
      secret_names text[] not null default '{}',
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      check ((kind = 'http') = (config is not null))
    )`);
    this.addSql('create unique index providers_name on search.providers (tenant_id, lower(name))');

    // Where a provider stands against its limits. One short row lock is what all processes meet at.
    this.addSql(`create table search.provider_meters (
      provider_id uuid primary key,
      tokens double precision not null,
      refilled_at timestamptz not null,
      paused_until timestamptz,
      day date not null,
      day_micros bigint not null,
      month text not null,
      month_micros bigint not null
    )`);
    // Calls under way. A process that dies leaves its slots to expire.
    this.addSql(`create unlogged table search.provider_leases (
      id uuid primary key,
      provider_id uuid not null,
      slots integer not null,
      expires_at timestamptz not null
    )`);
    this.addSql('create index provider_leases_provider on search.provider_leases (provider_id)');

    this.addSql(`create table search.provider_health (
      provider_id uuid primary key,
      last_success_at timestamptz,
      last_failure_at timestamptz,
      last_failure text,
      breaker_state text not null default 'closed' check (breaker_state in ('closed', 'half_open', 'open')),
      breaker_open_until timestamptz,
      breaker_changed_at timestamptz
    )`);
    this.addSql(`create unlogged table search.provider_samples (
      provider_id uuid not null,
      taken_at timestamptz not null default now(),
      calls integer not null,
      hits integer not null,
      misses integer not null,
      errors integer not null,
      throttled integer not null,
      milliseconds double precision[] not null
    )`);
    this.addSql('create index provider_samples_provider on search.provider_samples (provider_id, taken_at)');

    // The ledger: what was reserved before a call and what the call came to. The answer of a paid call is kept for a
    // while, so that the same work tried again finds it instead of asking and paying again.
    this.addSql(`create table search.charges (
      effect_key text primary key,
      tenant_id uuid not null,
      provider_id uuid not null,
      provider text not null,
      source text not null,
      user_id uuid,
      state text not null check (state in ('reserved', 'settled', 'released')),
      outcome text check (outcome in ('hit', 'miss', 'error', 'throttled', 'unknown')),
      calls integer not null default 0,
      reserved_micros bigint not null,
      amount_micros bigint not null default 0,
      currency text not null,
      day date not null,
      answer json,
      created_at timestamptz not null default now(),
      settled_at timestamptz
    )`);
    this.addSql('create index charges_provider on search.charges (tenant_id, provider_id, created_at)');
    this.addSql(`create index charges_reserved on search.charges (created_at) where state = 'reserved'`);
    this.addSql('create index charges_answered on search.charges (settled_at) where answer is not null');

    this.addSql(`create unlogged table search.cache_entries (
      tenant_id uuid not null,
      key bytea not null,
      answer json not null,
      landed_at timestamptz not null,
      fresh_until timestamptz not null,
      primary key (tenant_id, key)
    )`);
    this.addSql('create index cache_entries_fresh_until on search.cache_entries (fresh_until)');
    // Questions being worked on: an equal one waits for the answer instead of asking again.
    this.addSql(`create unlogged table search.flights (
      tenant_id uuid not null,
      key bytea not null,
      owner uuid not null,
      lease_until timestamptz not null,
      primary key (tenant_id, key)
    )`);
  }
}
