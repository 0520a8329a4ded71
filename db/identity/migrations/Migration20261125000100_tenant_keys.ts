import { Migration } from '@mikro-orm/migrations';

/**
 * The keys that seal what Temporal stores of a tenant's workflows, themselves sealed by the key ring. Of a destroyed one
 * the row stays, so that none is made again for a tenant that was erased.
 */
export class Migration20261125000100_tenant_keys extends Migration {
  override up(): void {
    this.addSql(`create table identity.tenant_keys (
      tenant_id uuid not null,
      version integer not null check (version > 0),
      sealed text,
      created_at timestamptz not null default now(),
      destroyed_at timestamptz,
      primary key (tenant_id, version),
      check ((sealed is null) = (destroyed_at is not null))
    )`);
  }
}
