import { Migration } from '@mikro-orm/migrations';

/** The last row that the reservation of a range is for: whoever takes a lost range over begins with the same rows. */
export class Migration20261129040000_lost_steps extends Migration {
  override up(): void {
    this.addSql('alter table search.batch_chunks add column reserved_to integer');
  }
}
