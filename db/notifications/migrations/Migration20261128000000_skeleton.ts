import { Migration } from '@mikro-orm/migrations';
import { commandTables } from '../../commands/tables.ts';
import { outboxTables } from '../../outbox/tables.ts';

export class Migration20261128000000_skeleton extends Migration {
  override up(): void {
    for (const statement of [...outboxTables('notifications'), ...commandTables('notifications')])
      this.addSql(statement);
  }
}
