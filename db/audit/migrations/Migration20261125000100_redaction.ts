import { Migration } from '@mikro-orm/migrations';

/** The log stays append-only, but for one change: an entry may lose who it was and what was told, and nothing else. */
export class Migration20261125000100_redaction extends Migration {
  override up(): void {
    this.addSql(`create or replace function audit.refuse_update() returns trigger language plpgsql as $$
      begin
        if new.actor_id is null and new.trace_id is null and new.data = '{}'
          and (new.event_id, new.domain, new.type, new.version, new.tenant_id, new.subject, new.occurred_at, new.recorded_at)
            = (old.event_id, old.domain, old.type, old.version, old.tenant_id, old.subject, old.occurred_at, old.recorded_at)
        then return new;
        end if;
        raise exception 'The audit log is append-only.';
      end $$`);
  }
}
