import { Migration } from '@mikro-orm/migrations';

/** Persons to be forgotten. Who it is lies sealed, and only until it is done. */
export class Migration20261125000100_erasures extends Migration {
  override up(): void {
    this.addSql(`create table search.erasures (
      id uuid primary key,
      tenant_id uuid not null,
      state text not null default 'submitted' check (state in ('submitted', 'completed')),
      subject text,
      report jsonb not null,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      finished_at timestamptz,
      check ((state = 'completed') = (finished_at is not null)),
      check ((state = 'completed') = (subject is null))
    )`);
    this.addSql(`create index erasures_tenant on search.erasures (tenant_id, id desc)`);
    // People who were deleted, to be taken out of the search log as well; and batches and imports whose files are to be
    // written anew. Both are gone when the erasure is done.
    this.addSql(`create table search.erasure_marks (
      erasure_id uuid not null references search.erasures (id) on delete cascade,
      kind text not null check (kind in ('person', 'batch', 'import')),
      id uuid not null,
      primary key (erasure_id, kind, id)
    )`);
  }
}
