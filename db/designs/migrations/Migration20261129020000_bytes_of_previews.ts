import { Migration } from '@mikro-orm/migrations';

/** What the pictures of a preview weigh, or will weigh at most while they are still to be drawn. */
export class Migration20261129020000_bytes_of_previews extends Migration {
  override up(): void {
    this.addSql(`alter table designs.previews add column bytes bigint not null default 0`);
    this.addSql(`update designs.previews set bytes = (
      select coalesce(sum((file ->> 'bytes')::bigint), 0) from jsonb_array_elements(files) file) where files is not null`);
    this.addSql(`create index previews_bytes on designs.previews (tenant_id, finished_at) include (bytes)`);
  }
}
