import { Migration } from '@mikro-orm/migrations';

/** What of other domains an erasure waits for. */
export class Migration20261128110000_erasures_elsewhere extends Migration {
  override up(): void {
    this.addSql(`alter table search.erasures add column awaited jsonb not null default '[]'`);
  }
}
