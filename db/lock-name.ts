import type { Sql } from './sql.ts';

/**
 * Waits for everybody else who holds the same name, and holds it until the transaction ends: for what has no row yet that
 * could be locked, such as the next of a limited number.
 *
 * @param name what is held, of all domains of the database: `designs.presets:<tenant>`
 */
export async function lockName(sql: Sql, name: string): Promise<void> {
  await sql('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}
