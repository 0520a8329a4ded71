import { Migration } from '@mikro-orm/migrations';

/** An outbox that was made before events carried the span that they belong under. */
export class Migration20261125000000_outbox_traceparent extends Migration {
  override up(): void {
    this.addSql(`alter table search.outbox add column if not exists traceparent text`);
  }
}
