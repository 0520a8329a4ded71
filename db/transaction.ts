import type { Pool, PoolClient } from 'pg';
import { sqlOn, type Sql } from './sql.ts';

/** One transaction on a connection of its own. */
export interface OpenTransaction {
  sql: Sql;
  /** For whoever speaks to the connection itself; not to be given back. */
  client: LentClient;
}

/** A connection of which its holder has statements alone. */
export type LentClient = Pick<PoolClient, 'query'>;

/**
 * Runs work in one transaction, which is committed when the work is done and undone when it fails. Nothing can be said in
 * its name after that: a statement that comes late, from a branch of the work that nobody waits for, is refused.
 *
 * @param beforeCommit what is left to be written when the work is done
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (transaction: OpenTransaction) => Promise<T>,
  beforeCommit: () => Promise<unknown>,
): Promise<T> {
  const client = await pool.connect();
  let open = true;
  const { lent, quiet } = lend(client, () => open);
  let broken: unknown = null;
  try {
    await client.query('begin');
    const result = await work({ sql: sqlOn(lent), client: lent });
    await beforeCommit();
    open = false;
    await quiet();
    const { command } = await client.query('commit');
    // PostgreSQL takes a commit of a transaction in which a statement has failed for a rollback, and does not complain.
    if (command !== 'COMMIT')
      throw new Error('A transaction in which a statement had failed was not committed.');
    return result;
  } catch (error) {
    open = false;
    await quiet();
    await client.query('rollback').catch((failure: unknown) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken !== null);
  }
}

/**
 * Once given back, the connection is in somebody else's transaction: what comes late must not become part of that. And a
 * connection takes one statement at a time: what branches of the work say at once is said one after the other.
 *
 * @returns `quiet` ends when nothing is under way any more
 */
function lend(client: PoolClient, isOpen: () => boolean): { lent: LentClient; quiet: () => Promise<void> } {
  let last: Promise<unknown> = Promise.resolve();
  const query = (...given: unknown[]): unknown => {
    if (!isOpen()) throw new Error('A statement came after the end of its transaction.');
    const result = last.then(() =>
      (client.query.bind(client) as (...statement: unknown[]) => unknown)(...given),
    );
    last = result.catch(() => undefined);
    return result;
  };
  return { lent: { query: query as PoolClient['query'] }, quiet: async () => void (await last) };
}
