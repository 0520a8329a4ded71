import { Migration } from '@mikro-orm/migrations';

/** How often what works on pictures has died of them. */
export class Migration20261129010000_crashes extends Migration {
  override up(): void {
    for (const table of ['previews', 'optimisations'])
      this.addSql(`alter table designs.${table} add column crashes integer not null default 0`);
  }
}
