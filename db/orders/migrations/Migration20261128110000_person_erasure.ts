import { Migration } from '@mikro-orm/migrations';
import { erasureCountsTable } from '../../erasure-counts.ts';

/** What was erased of people, in numbers. */
export class Migration20261128110000_person_erasure extends Migration {
  override up(): void {
    this.addSql(erasureCountsTable('orders'));
  }
}
