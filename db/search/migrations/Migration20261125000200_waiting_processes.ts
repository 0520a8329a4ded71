import { Migration } from '@mikro-orm/migrations';

/** Every worker asks every few seconds which process has waited longest for its workflow. */
export class Migration20261125000200_waiting_processes extends Migration {
  override up(): void {
    this.addSql(`create index batches_waiting on search.batches (updated_at)
      where phase = 'submitted' and hold is null`);
    this.addSql(`create index imports_waiting on search.imports (updated_at) where phase = 'submitted'`);
  }
}
