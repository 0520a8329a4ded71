import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000400_imports extends Migration {
  override up(): void {
    // The people of a record set are its content, which is a row of this table too: the set's own row at first, later
    // the one that a replacement has filled. Readers see the one content that is visible.
    this.addSql(`alter table search.record_sets
      add column content_of uuid references search.record_sets (id),
      add column visible boolean not null default true,
      add column version integer not null default 1,
      add column created_by uuid`);
    this.addSql(`create unique index record_sets_visible on search.record_sets (coalesce(content_of, id))
      where visible and deleted_at is null`);
    this.addSql(
      `create index record_sets_contents on search.record_sets (content_of) where content_of is not null`,
    );

    this.addSql(`create table search.imports (
      id uuid primary key,
      tenant_id uuid not null,
      record_set_id uuid not null,
      content_id uuid not null,
      mode text not null check (mode in ('append', 'replace')),
      phase text not null default 'submitted',
      revision bigint not null default 1,
      file jsonb not null,
      mapping jsonb not null,
      columns jsonb,
      format jsonb,
      token uuid,
      rows_total bigint,
      rows_read bigint not null default 0,
      rows_imported bigint not null default 0,
      rows_rejected bigint not null default 0,
      rate real not null default 0,
      progress_at timestamptz,
      report_file jsonb,
      problem jsonb,
      trace_id text,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      finished_at timestamptz,
      updated_at timestamptz not null default now()
    )`);
    this.addSql(`create index imports_record_set on search.imports (record_set_id, id desc)`);
    // Two imports at once into one set would each undo what the other replaces.
    this.addSql(`create unique index imports_one_at_a_time on search.imports (record_set_id)
      where phase in ('submitted', 'validating', 'importing', 'publishing')`);

    this.addSql(`create table search.import_rejects (
      import_id uuid not null references search.imports (id) on delete cascade,
      row_no integer not null,
      line integer not null,
      code text not null,
      message text not null,
      input json not null,
      primary key (import_id, row_no)
    )`);
  }
}
