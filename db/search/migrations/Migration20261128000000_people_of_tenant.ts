import { Migration } from '@mikro-orm/migrations';

/** Erasures and exports go through the people of one tenant: without it, through those of all. */
export class Migration20261128000000_people_of_tenant extends Migration {
  override up(): void {
    this.addSql('create index persons_tenant on search.persons (tenant_id, person_no)');
  }
}
