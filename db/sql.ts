import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery, type Kysely } from 'kysely';

/**
 * Runs one SQL statement with `$1`-style parameters and gives its rows.
 * For set-wise work (bulk inserts, claims with SKIP LOCKED, ranking) that an entity manager would do row by row.
 */
export type Sql = <T extends object = Record<string, unknown>>(
  text: string,
  parameters?: readonly unknown[],
) => Promise<T[]>;

/** SQL in the entity manager's own transaction, or on a pooled connection when it has none. */
export function sqlOf(em: EntityManager): Sql {
  return (text, parameters) => {
    const transaction = em.getTransactionContext<Kysely<unknown>>();
    return run(transaction ?? em.getConnection().getClient<unknown>(), text, parameters);
  };
}

/** SQL on a pooled connection, whatever transaction is under way. */
export function sqlOnPool(em: EntityManager): Sql {
  const pool = em.getConnection().getClient<unknown>();
  return (text, parameters) => run(pool, text, parameters);
}

async function run<T extends object>(
  executor: Kysely<unknown>,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<T[]> {
  const { rows } = await executor.executeQuery<T>(CompiledQuery.raw(text, [...parameters]));
  return rows;
}
