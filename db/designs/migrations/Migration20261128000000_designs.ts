import { Migration } from '@mikro-orm/migrations';
import { commandTables } from '../../commands/tables.ts';
import { outboxTables } from '../../outbox/tables.ts';

/** Designs with all their versions, presets, who may see them, and the assets that they show. */
export class Migration20261128000000_designs extends Migration {
  override up(): void {
    for (const statement of [...outboxTables('designs'), ...commandTables('designs')]) this.addSql(statement);

    // `version` is that of the newest document; `revision` counts every change that people make.
    this.addSql(`
      create table designs.designs (
        id uuid primary key,
        tenant_id uuid not null,
        name text not null,
        tags text[] not null,
        product_sku text,
        version integer not null,
        revision integer not null default 1,
        origin jsonb,
        created_by uuid not null,
        ordered_at timestamptz,
        deleted_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`create index designs_tenant on designs.designs (tenant_id, id) where deleted_at is null`);
    this.addSql(`create index designs_deleted on designs.designs (deleted_at) where deleted_at is not null`);

    // A version never changes. One with `frozen_at` stands in an order, and outlives its design.
    this.addSql(`
      create table designs.versions (
        design_id uuid not null references designs.designs (id) on delete cascade,
        number integer not null,
        tenant_id uuid not null,
        document jsonb not null,
        content_hash text not null,
        assets uuid[] not null,
        made_from jsonb,
        frozen_at timestamptz,
        created_by uuid,
        created_at timestamptz not null default now(),
        primary key (design_id, number)
      )`);
    this.addSql(`create index versions_tenant on designs.versions (tenant_id, design_id, number)`);
    this.addSql(`create index versions_content on designs.versions (tenant_id, content_hash)`);
    this.addSql(`create index versions_assets on designs.versions using gin (assets)`);

    this.addSql(`
      create table designs.ordered_lines (
        line_id uuid primary key,
        tenant_id uuid not null,
        order_id uuid not null,
        design_id uuid not null,
        version integer not null,
        created_at timestamptz not null default now(),
        foreign key (design_id, version) references designs.versions (design_id, number) on delete cascade
      )`);
    this.addSql(`create index ordered_lines_version on designs.ordered_lines (design_id, version)`);
    this.addSql(`create index ordered_lines_tenant on designs.ordered_lines (tenant_id, line_id)`);

    this.addSql(`
      create table designs.shares (
        design_id uuid not null references designs.designs (id) on delete cascade,
        user_id uuid not null,
        tenant_id uuid not null,
        access text not null check (access in ('view', 'edit')),
        created_by uuid not null,
        created_at timestamptz not null default now(),
        primary key (design_id, user_id)
      )`);
    this.addSql(`create index shares_user on designs.shares (tenant_id, user_id, design_id)`);

    this.addSql(`
      create table designs.links (
        id uuid primary key,
        tenant_id uuid not null,
        design_id uuid not null references designs.designs (id) on delete cascade,
        version integer,
        may_copy boolean not null,
        token_hash text not null unique,
        expires_at timestamptz not null,
        revoked_at timestamptz,
        created_by uuid not null,
        created_at timestamptz not null default now()
      )`);
    this.addSql(`create index links_design on designs.links (design_id, id)`);
    this.addSql(`create index links_tenant on designs.links (tenant_id, id)`);

    this.addSql(`
      create table designs.presets (
        id uuid primary key,
        tenant_id uuid not null,
        category text not null,
        name text not null,
        description text not null,
        document jsonb not null,
        assets uuid[] not null,
        revision integer not null default 1,
        created_by uuid not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`create index presets_tenant on designs.presets (tenant_id, id)`);
    this.addSql(`create index presets_assets on designs.presets using gin (assets)`);

    // The file of an asset never changes. `state` is 'incoming' until its file is whole. `replaced_at`: since when a smaller
    // one stands for it in the newest version of a design.
    this.addSql(`
      create table designs.assets (
        id uuid primary key,
        tenant_id uuid not null,
        state text not null check (state in ('incoming', 'stored', 'deleted')),
        name text not null,
        format text,
        width integer,
        height integer,
        bytes bigint,
        sha256 text,
        left_out text[] not null default '{}',
        made_of jsonb,
        object_key text not null,
        created_by uuid,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        replaced_at timestamptz
      )`);
    this.addSql(`create index assets_tenant on designs.assets (tenant_id, id)`);
    this.addSql(`create index assets_incoming on designs.assets (created_at) where state <> 'stored'`);
  }
}
