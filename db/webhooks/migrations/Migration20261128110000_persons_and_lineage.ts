import { Migration } from '@mikro-orm/migrations';
import { erasureCountsTable } from '../../erasure-counts.ts';

/** What was erased of people, in numbers; which messages a webhook that came in has led to; recoveries among processes. */
export class Migration20261128110000_persons_and_lineage extends Migration {
  override up(): void {
    this.addSql(erasureCountsTable('webhooks'));
    // People are looked for in the answers of one tenant's receivers.
    this.addSql(`create index attempts_tenant on webhooks.attempts (tenant_id, id)`);
    this.addSql(`alter table webhooks.inbound_events add column trace_id text`);
    this.addSql(`alter table webhooks.messages add column trace_id text`);
    this.addSql(
      `create index messages_trace on webhooks.messages (tenant_id, trace_id, id) where trace_id is not null`,
    );
    this.addSql(`create index recoveries_tenant on webhooks.recoveries (tenant_id, id)`);
  }
}
