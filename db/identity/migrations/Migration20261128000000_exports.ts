import { Migration } from '@mikro-orm/migrations';

/** Exports of data. Who is looked for, in one of a person, lies sealed, and only until it is done. */
export class Migration20261128000000_exports extends Migration {
  override up(): void {
    this.addSql(`create table identity.exports (
      id uuid primary key,
      tenant_id uuid not null references identity.organisations,
      user_id uuid not null references identity.users,
      kind text not null check (kind in ('organisation', 'account', 'person')),
      state text not null default 'submitted'
        check (state in ('submitted', 'running', 'completed', 'failed', 'expired')),
      subject text,
      archive jsonb,
      problem text,
      created_at timestamptz not null default now(),
      finished_at timestamptz,
      expires_at timestamptz,
      deleted_at timestamptz,
      check ((state in ('submitted', 'running')) = (finished_at is null)),
      check ((state in ('completed', 'expired')) = (expires_at is not null)),
      check ((state = 'completed') = (archive is not null)),
      check ((state = 'failed') = (problem is not null)),
      check (subject is null or (kind = 'person' and finished_at is null))
    )`);
    this.addSql(`create index exports_tenant on identity.exports (tenant_id, id desc)`);
    this.addSql(`create index exports_user on identity.exports (user_id, id desc)`);
    this.addSql(`create index exports_expires_at on identity.exports (expires_at) where state = 'completed'`);
    // All data once more beside an export of it that is under way would be work for nothing.
    this.addSql(`create unique index exports_one_of_organisation on identity.exports (tenant_id)
      where kind = 'organisation' and finished_at is null and deleted_at is null`);
    this.addSql(`create unique index exports_one_of_account on identity.exports (user_id)
      where kind = 'account' and finished_at is null and deleted_at is null`);
  }
}
