import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000201_search_log extends Migration {
  override up(): void {
    this.addSql(`create table search.searches (
      id uuid primary key,
      tenant_id uuid not null,
      user_id uuid,
      source text not null,
      kind text not null,
      status text not null,
      cached boolean not null,
      cost_micros bigint not null,
      currency text not null,
      milliseconds double precision not null,
      query_hash bytea,
      people jsonb not null,
      trace jsonb not null,
      problem jsonb,
      trace_id text,
      performed_at timestamptz not null
    )`);
    this.addSql('create index searches_tenant on search.searches (tenant_id, performed_at, id)');
    // The log grows in the order of time, so a summary of each block range finds what retention deletes.
    this.addSql('create index searches_performed_at on search.searches using brin (performed_at)');

    // Counts of one tenant, day, user and kind: of searches where provider is empty, of the calls of a provider
    // otherwise. Latencies are kept as their distinct values with counts, so that quantiles over any rows are exact.
    this.addSql(`create table search.statistics (
      tenant_id uuid not null,
      day date not null,
      user_id uuid not null,
      provider text not null,
      kind text not null,
      asked bigint not null,
      hits bigint not null,
      misses bigint not null,
      errors bigint not null,
      others bigint not null,
      cached bigint not null,
      cost_micros bigint not null,
      latency_values double precision[] not null,
      latency_counts bigint[] not null,
      primary key (tenant_id, day, user_id, provider, kind)
    )`);
    this.addSql(`create table search.statistics_due (
      tenant_id uuid not null,
      day date not null,
      marked_at timestamptz not null default now(),
      primary key (tenant_id, day)
    )`);
  }
}
