import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000300_batches extends Migration {
  override up(): void {
    this.addSql(`create table search.uploads (
      id uuid primary key,
      tenant_id uuid not null,
      object_key text not null unique,
      file_name text not null,
      content_type text not null,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_by text
    )`);
    this.addSql(`create index uploads_unused on search.uploads (expires_at) where used_by is null`);

    this.addSql(`create table search.batches (
      id uuid primary key,
      tenant_id uuid not null,
      name text not null,
      kind text not null,
      phase text not null default 'submitted',
      hold text check (hold in ('pause', 'cancel')),
      run integer not null default 0,
      revision bigint not null default 1,
      version integer not null default 1,
      file jsonb not null,
      mapping jsonb not null,
      options jsonb not null,
      priority smallint not null check (priority between 1 and 5),
      concurrency smallint not null check (concurrency between 1 and 32),
      currency text not null,
      budget_micros bigint,
      cost_micros bigint not null default 0,
      columns jsonb,
      format jsonb,
      rows_total bigint,
      rows_ingested bigint not null default 0,
      rows_found bigint not null default 0,
      rows_not_found bigint not null default 0,
      rows_failed bigint not null default 0,
      rows_skipped bigint not null default 0,
      rows_duplicate bigint not null default 0,
      rate real not null default 0,
      progress_at timestamptz,
      result_files jsonb,
      problem jsonb,
      webhook jsonb,
      trace_id text,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      updated_at timestamptz not null default now()
    )`);
    this.addSql(`create index batches_tenant on search.batches (tenant_id, id desc)`);
    this.addSql(`create index batches_finished on search.batches (finished_at) where phase <> 'expired'`);

    // What the file says. A row never changes. Neither this table nor the next has a foreign key: it would be checked
    // for each of a million rows, and both are only written behind the batch's own lock.
    this.addSql(`create table search.batch_rows (
      batch_id uuid not null,
      row_no integer not null,
      tenant_id uuid not null,
      row_key text,
      input json not null,
      fingerprint bytea,
      leader_row_no integer,
      attempt smallint not null default 1,
      primary key (batch_id, row_no)
    )`);
    this.addSql(`create index batch_rows_followers on search.batch_rows (batch_id, leader_row_no)
      where leader_row_no is not null`);

    // What came of it: one row, inserted once. A row of the file without a result is pending. The key is what makes two
    // attempts at the same row impossible to count twice.
    this.addSql(`create table search.batch_results (
      batch_id uuid not null,
      row_no integer not null,
      tenant_id uuid not null,
      status text not null,
      code text,
      message text,
      score real,
      cost_micros bigint not null default 0,
      search_id uuid,
      cached boolean not null default false,
      match json,
      facts json,
      attempt smallint not null default 1,
      primary key (batch_id, row_no)
    )`);
    this.addSql(`create index batch_results_unsearched on search.batch_results (batch_id, status, row_no)
      where status in ('failed', 'skipped')`);

    // A range that an activity has in hand. The token belongs to its latest attempt: no other may commit.
    this.addSql(`create table search.batch_chunks (
      batch_id uuid not null references search.batches (id) on delete cascade,
      first_row integer not null,
      last_row integer not null,
      token uuid not null,
      attempt integer not null default 1,
      reserved_micros bigint not null default 0,
      taken_at timestamptz not null default now(),
      primary key (batch_id, first_row)
    )`);

    this.addSql(`create table search.batch_events (
      batch_id uuid not null references search.batches (id) on delete cascade,
      revision bigint not null,
      type text not null,
      data jsonb not null,
      occurred_at timestamptz not null default now(),
      primary key (batch_id, revision)
    )`);
  }
}
