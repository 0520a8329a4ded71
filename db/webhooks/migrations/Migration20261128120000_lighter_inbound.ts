import { Migration } from '@mikro-orm/migrations';

/**
 * Deliveries are written far more often than they are looked through. By age they lie as they came, which a BRIN index tells at
 * no cost for each; and those of a tenant are looked through in the order of their IDs, page by page.
 */
export class Migration20261128120000_lighter_inbound extends Migration {
  override up(): void {
    this.addSql('drop index webhooks.inbound_deliveries_age');
    this.addSql(
      'create index inbound_deliveries_age on webhooks.inbound_deliveries using brin (received_at)',
    );
    this.addSql('drop index webhooks.inbound_deliveries_tenant');
    this.addSql('create index inbound_deliveries_tenant on webhooks.inbound_deliveries (tenant_id, id)');
  }
}
