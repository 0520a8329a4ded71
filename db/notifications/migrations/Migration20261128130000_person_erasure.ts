import { Migration } from '@mikro-orm/migrations';
import { erasureCountsTable } from '../../erasure-counts.ts';

/** What was erased of people, in numbers; and indexes by which one tenant's rows are looked through for a person. */
export class Migration20261128130000_person_erasure extends Migration {
  override up(): void {
    this.addSql(erasureCountsTable('notifications'));
    this.addSql(`create index addresses_tenant on notifications.addresses (tenant_id, id)`);
    this.addSql(`create index feed_items_tenant on notifications.feed_items (tenant_id, id)`);
  }
}
