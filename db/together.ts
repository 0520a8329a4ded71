import type { Domain } from '../domain/domains.ts';
import type { NewEvent } from '../domain/events/event.ts';
import type { Database, Transaction } from './database.ts';

/** The database for work that may be part of a larger transaction. */
export type Joinable = Pick<Database, 'read' | 'transaction' | 'ping'>;

/**
 * Makes one transaction of work that opens several of a domain, one after the other: all of it is committed together, or
 * nothing is. Each commit that is saved is a sync of the disk that nobody waits for. What it tells of is written last, as one.
 * Whatever is asked of other parts of the system goes over other connections, so no more of these may run at once than the
 * pool has connections to spare.
 */
export async function together<T>(
  database: Database,
  domain: Domain,
  work: (joined: Joinable) => Promise<T>,
): Promise<T> {
  return await database.transaction(domain, async (transaction) => {
    const events: NewEvent[] = [];
    const part: Transaction = {
      sql: transaction.sql,
      sqlOf: transaction.sqlOf,
      tell: transaction.tell,
      wake: transaction.wake,
      get em() {
        return transaction.em;
      },
      publish: (...more) => {
        events.push(...more);
        return Promise.resolve();
      },
    };
    const result = await work({
      read: async (of, inner) => (of === domain ? await inner(part) : await database.read(of, inner)),
      transaction: async (of, inner) =>
        of === domain ? await inner(part) : await database.transaction(of, inner),
      ping: (of) => database.ping(of),
    });
    await transaction.publish(...events);
    return result;
  });
}
