import { Migration } from '@mikro-orm/migrations';

/** The list of a tenant's processes goes through its imports, newest first. */
export class Migration20261125000100_imports_of_tenant extends Migration {
  override up(): void {
    this.addSql(`create index imports_tenant on search.imports (tenant_id, id desc)`);
  }
}
