import type { Sql } from './sql.ts';

/** Runs a `delete` or an `update` and gives how many rows it met; the rows themselves stay where they are. */
export async function countRows(sql: Sql, statement: string, parameters: unknown[]): Promise<number> {
  const [row] = await sql<{ met: number }>(
    `with met as (${statement} returning 1) select count(*)::int as met from met`,
    parameters,
  );
  return row?.met ?? 0;
}

/** The same of several statements, one after another. */
export async function countRowsOfAll(
  sql: Sql,
  statements: readonly string[],
  parameters: unknown[],
): Promise<number> {
  let met = 0;
  for (const statement of statements) met += await countRows(sql, statement, parameters);
  return met;
}
