import type { Database } from '../database.ts';

/**
 * How often what worked on the pictures of a preview or an optimisation has died of it. It is counted ahead of the work, and
 * taken back by whoever lives to see its end: a worker that goes down with it could not count it afterwards.
 */
export class CrashCount {
  readonly #database: Database;
  readonly #table: 'previews' | 'optimisations';
  readonly #tenantId: string;
  readonly #id: string;

  constructor(database: Database, table: 'previews' | 'optimisations', tenantId: string, id: string) {
    this.#database = database;
    this.#table = table;
    this.#tenantId = tenantId;
    this.#id = id;
  }

  /** @returns the count with this one; 0 of what was swept meanwhile */
  async add(): Promise<number> {
    return await this.#change(1);
  }

  async takeBack(): Promise<void> {
    await this.#change(-1);
  }

  async #change(by: 1 | -1): Promise<number> {
    const [row] = await this.#database.read('designs', ({ sql }) =>
      sql<{ crashes: number }>(
        `update designs.${this.#table} set crashes = greatest(0, crashes + $3)
         where tenant_id = $1 and id = $2 returning crashes`,
        [this.#tenantId, this.#id, by],
      ),
    );
    return row?.crashes ?? 0;
  }
}
