import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000100_records extends Migration {
  override up(): void {
    this.addSql(`create table search.record_sets (
      id uuid primary key,
      tenant_id uuid not null,
      name text not null,
      person_count bigint not null default 0,
      household_count bigint not null default 0,
      member_count bigint not null default 0,
      identified_count bigint not null default 0,
      identity_count bigint not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz
    )`);
    this.addSql(`create unique index record_sets_name on search.record_sets (tenant_id, name)
      where deleted_at is null`);

    // A person never changes: an import that replaces somebody deletes the row and inserts another.
    this.addSql(`create table search.persons (
      person_no bigint generated always as identity primary key,
      id uuid not null unique,
      tenant_id uuid not null,
      record_set_id uuid not null references search.record_sets (id),
      import_id uuid,
      row_no bigint,
      external_id text,
      fields jsonb not null,
      profile text not null,
      keys bigint[] not null,
      check ((import_id is null) = (row_no is null))
    )`);
    this.addSql(`create unique index persons_import on search.persons (import_id, row_no)
      where import_id is not null`);
    this.addSql(`create index persons_external_id on search.persons (record_set_id, external_id)`);

    // An inverted index from blocking keys to people, kept by hand because reading short lists of it in key order is
    // what a batch does most, and a GIN index over an array took thirty times as long. It holds no data of a tenant:
    // the keys are hashes over the record set, and each use joins the person, who has the tenant.
    this.addSql(`create table search.person_keys (
      key bigint not null,
      person_no bigint not null
    )`);
    this.addSql(`create index person_keys_key on search.person_keys (key, person_no)`);

    // How many people of a record set have a value; key is the hash of record set, kind and term.
    this.addSql(`create table search.terms (
      key bigint primary key,
      tenant_id uuid not null,
      record_set_id uuid not null references search.record_sets (id),
      kind text not null,
      term text not null,
      persons bigint not null
    )`);
    this.addSql(`create index terms_record_set on search.terms (record_set_id)`);

    // From the hash of a possible misspelling to the names of a record set that it may stand for.
    this.addSql(`create table search.spellings (
      key bigint not null,
      term_key bigint not null
    )`);
    this.addSql(`create index spellings_key on search.spellings (key, term_key)`);
    this.addSql(`create index spellings_term_key on search.spellings (term_key)`);
  }
}
