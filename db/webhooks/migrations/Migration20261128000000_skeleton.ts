import { Migration } from '@mikro-orm/migrations';
import { commandTables } from '../../commands/tables.ts';
import { outboxTables } from '../../outbox/tables.ts';

export class Migration20261128000000_skeleton extends Migration {
  override up(): void {
    for (const statement of [...outboxTables('webhooks'), ...commandTables('webhooks')])
      this.addSql(statement);
  }
}
