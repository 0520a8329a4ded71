import { Migration } from '@mikro-orm/migrations';

/** Small files that came with a request are stored in its own transaction. */
export class Migration20261128000000_inline_files extends Migration {
  override up(): void {
    this.addSql(`create table search.inline_files (
      key text primary key,
      tenant_id uuid not null,
      content_type text not null,
      content bytea not null,
      created_at timestamptz not null default now()
    )`);
    // Everything of a tenant has one prefix, which the erasure of the tenant asks for.
    this.addSql(`create index inline_files_prefix on search.inline_files (key text_pattern_ops)`);
  }
}
