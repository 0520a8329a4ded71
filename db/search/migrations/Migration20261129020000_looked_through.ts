import { Migration } from '@mikro-orm/migrations';

/** Processes that an erasure has looked through are marked too, so that it goes on behind them. */
export class Migration20261129020000_looked_through extends Migration {
  override up(): void {
    this.addSql('alter table search.erasure_marks drop constraint erasure_marks_kind_check');
    this.addSql(`alter table search.erasure_marks add constraint erasure_marks_kind_check
      check (kind in ('person', 'batch', 'import', 'looked'))`);
  }
}
