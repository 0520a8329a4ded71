import { Migration } from '@mikro-orm/migrations';

export class Migration20261129000000_inbound_upkeep extends Migration {
  override up(): void {
    // A source is deleted at once, and what it has sent is swept piece by piece.
    this.addSql(`alter table webhooks.sources drop constraint sources_state_check,
      add constraint sources_state_check check (state in ('active', 'paused', 'deleted'))`);
    this.addSql(`create index sources_deleted on webhooks.sources (id) where state = 'deleted'`);

    // Events that are held are found by their source, once it is resumed.
    this.addSql(
      `create index inbound_events_held on webhooks.inbound_events (source_id, id) where state = 'held'`,
    );

    // The few that are not done, and those of one thing, among all that a tenant was sent.
    this.addSql(`create index inbound_events_undone on webhooks.inbound_events (tenant_id, id)
      where state in ('held', 'retrying', 'parked', 'dead')`);
    this.addSql(
      'create index inbound_entities_external on webhooks.inbound_entities (tenant_id, external_id)',
    );
  }
}
