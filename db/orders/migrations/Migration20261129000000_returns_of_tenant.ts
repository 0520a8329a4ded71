import { Migration } from '@mikro-orm/migrations';

/** The returns of all orders of a tenant are listed too. */
export class Migration20261129000000_returns_of_tenant extends Migration {
  override up(): void {
    this.addSql('create index returns_tenant on orders.returns (tenant_id, id)');
  }
}
