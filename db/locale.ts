import type { Sql } from './sql.ts';

/**
 * Refuses a database whose character classification drops non-Latin letters: in the C locale `show_trgm('Иванов')` is
 * empty, and people with such names would never be found.
 */
export async function assertTrigramLocale(sql: Sql): Promise<void> {
  await sql('create extension if not exists pg_trgm with schema public');
  const [row] = await sql<{ letters: number }>(`select cardinality(public.show_trgm('Иванов')) as letters`);
  if (!row || row.letters === 0) {
    throw new Error(
      'This database drops non-Latin letters from trigrams. Create it with a UTF-8 locale, for example: ' +
        "create database perdure template template0 encoding 'UTF8' locale 'C.UTF-8'.",
    );
  }
}
