import type { Sql } from './sql.ts';

/**
 * The moment of the transaction by the database's clock, as a value to store. What is compared later, or shown beside
 * other times, is told by one clock: those of the processes may be off.
 */
export const databaseNow = Symbol('now() of the database');

/** The same, where it must be reckoned with before it is stored. */
export async function readDatabaseNow(sql: Sql): Promise<Date> {
  const [row] = await sql<{ now: string }>('select now()::text as now');
  if (!row) throw new Error('The database told no time.');
  return new Date(row.now);
}
