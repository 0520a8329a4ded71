import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery, type Kysely } from 'kysely';
import type { ClientBase, Pool } from 'pg';

/**
 * Runs one SQL statement with `$1`-style parameters and gives its rows.
 * For set-wise work (bulk inserts, claims with SKIP LOCKED, ranking) that an entity manager would do row by row.
 *
 * @param prepared a name under which each connection keeps the statement parsed and planned. For statements of hot paths,
 *   whose plan is the same whatever the parameters are; the name is the statement's alone
 */
export type Sql = <T extends object = Record<string, unknown>>(
  text: string,
  parameters?: readonly unknown[],
  prepared?: string,
) => Promise<T[]>;

/** SQL in the entity manager's own transaction, or on a pooled connection when it has none. */
export function sqlOf(em: EntityManager): Sql {
  return async <T extends object>(text: string, parameters: readonly unknown[] = []) => {
    const transaction = em.getTransactionContext<Kysely<unknown>>();
    const executor = transaction ?? em.getConnection().getClient<unknown>();
    const { rows } = await executor.executeQuery<T>(CompiledQuery.raw(text, [...parameters]));
    return rows;
  };
}

/** SQL on one connection. */
export function sqlOn(client: Pick<ClientBase, 'query'>): Sql {
  return async <T extends object>(text: string, parameters: readonly unknown[] = [], prepared?: string) => {
    const values = parameters as unknown[];
    const { rows } = await client.query<T>(
      prepared === undefined ? { text, values } : { name: prepared, text, values },
    );
    return rows;
  };
}

/** SQL on whatever connection of a pool is free. */
export function sqlOnPool(pool: Pool): Sql {
  return async (text, parameters, prepared) => {
    const client = await pool.connect();
    try {
      return await sqlOn(client)(text, parameters, prepared);
    } finally {
      client.release();
    }
  };
}
