import { Migration } from '@mikro-orm/migrations';

export class Migration20261128220000_optimisations_of_design extends Migration {
  override up(): void {
    // For their list, and for a design that goes with them.
    this.addSql(`create index optimisations_design on designs.optimisations (design_id, id)`);
  }
}
