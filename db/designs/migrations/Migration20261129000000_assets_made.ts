import { Migration } from '@mikro-orm/migrations';

export class Migration20261129000000_assets_made extends Migration {
  override up(): void {
    // Before a picture is made smaller, the one that was made of it already is looked for.
    this.addSql(`create index assets_made on designs.assets using hash (made_of) where made_of is not null`);
  }
}
