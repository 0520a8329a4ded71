import { Migration } from '@mikro-orm/migrations';

export class Migration20261125000100_batch_wait extends Migration {
  override up(): void {
    this.addSql('alter table search.batches add column waiting jsonb');
    // What calls for a row have cost that still waits for another provider: it is on the batch's bill already.
    this.addSql('alter table search.batch_rows add column paid_micros bigint not null default 0');
  }
}
