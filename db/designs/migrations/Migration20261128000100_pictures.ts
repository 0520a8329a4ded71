import { Migration } from '@mikro-orm/migrations';

/** Pictures that designs are drawn as, and designs made smaller. */
export class Migration20261128000100_pictures extends Migration {
  override up(): void {
    // Of equal contents in equal sizes there is one; the design is the one that was first drawn.
    this.addSql(`
      create table designs.previews (
        id uuid primary key,
        tenant_id uuid not null,
        design_id uuid not null,
        version integer not null,
        content_hash text not null,
        rendering integer not null,
        sizes integer[] not null,
        state text not null check (state in ('requested', 'ready', 'failed')),
        run integer not null default 0,
        files jsonb,
        failure text,
        created_by uuid,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        unique (tenant_id, content_hash, rendering, sizes)
      )`);
    this.addSql(`create index previews_tenant on designs.previews (tenant_id, id)`);

    this.addSql(`
      create table designs.optimisations (
        id uuid primary key,
        tenant_id uuid not null,
        design_id uuid not null references designs.designs (id) on delete cascade,
        version integer not null,
        quality integer not null,
        state text not null check (state in ('requested', 'completed', 'unchanged', 'superseded', 'failed')),
        report jsonb,
        new_version integer,
        failure text,
        created_by uuid not null,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      )`);
    this.addSql(`create index optimisations_tenant on designs.optimisations (tenant_id, id)`);
    this.addSql(
      `create unique index optimisations_under_way on designs.optimisations (design_id) where state = 'requested'`,
    );
  }
}
