import { Migration } from '@mikro-orm/migrations';

/** Where the notice of a changed address goes. The event of it names the link, never an address. */
export class Migration20261121000300_previous_email extends Migration {
  override up(): void {
    this.addSql(`alter table identity.email_links add column previous_email text`);
  }
}
