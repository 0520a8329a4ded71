import { Migration } from '@mikro-orm/migrations';

/** Which mails somebody wants is said to the notifications. */
export class Migration20261128000200_notice_preferences extends Migration {
  override up(): void {
    this.addSql(`update identity.users set preferences = preferences - 'mail'`);
  }
}
