import { Migration } from '@mikro-orm/migrations';

/** A timeline is read from either end and from any place in it: in the order of its index, to the last column. */
export class Migration20261125000000_timelines extends Migration {
  override up(): void {
    this.addSql(
      `create index audit_log_timeline on audit.audit_log (tenant_id, subject, occurred_at, event_id)`,
    );
    this.addSql(`drop index audit.audit_log_subject`);
  }
}
