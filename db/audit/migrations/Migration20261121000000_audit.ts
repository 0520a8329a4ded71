import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000000_audit extends Migration {
  override up(): void {
    this.addSql(`create table audit.audit_log (
      event_id uuid primary key,
      domain text not null,
      type text not null,
      version integer not null,
      tenant_id uuid not null,
      subject text not null,
      actor_id uuid,
      trace_id text,
      occurred_at timestamptz not null,
      recorded_at timestamptz not null default now(),
      data jsonb not null
    )`);
    this.addSql(
      `create index audit_log_tenant on audit.audit_log (tenant_id, occurred_at desc, event_id desc)`,
    );
    this.addSql(`create index audit_log_subject on audit.audit_log (tenant_id, subject, occurred_at desc)`);
    // What was recorded stays as it was recorded: erasure and retention go through the owner of the schema.
    this.addSql(`create function audit.refuse_update() returns trigger language plpgsql as $$
      begin raise exception 'The audit log is append-only.'; end $$`);
    this.addSql(`create trigger audit_log_append_only before update on audit.audit_log
      for each row execute function audit.refuse_update()`);
  }
}
