import type { Database, Transaction } from '../../db/database.ts';
import type { Domain } from '../../domain/domains.ts';
import type { Sql } from '../../db/sql.ts';

/** Called ahead of each statement of a transaction, and of its commit. What it throws is thrown in the statement's place. */
export type Watch = (sql: Sql, statement: string) => Promise<unknown>;

/** A database of whose transactions each statement is watched. What is told is one, and so is the commit. */
export function watchedDatabase(database: Database, watch: Watch): Database {
  const watched = (transaction: Transaction): Transaction => {
    const { sql } = transaction;
    return Object.create(transaction, {
      sql: {
        value: async (...statement: Parameters<Sql>) => {
          await watch(sql, statement[0]);
          return await sql(...statement);
        },
      },
      publish: {
        value: async (...events: Parameters<Transaction['publish']>) => {
          await watch(sql, 'publish');
          await transaction.publish(...events);
        },
      },
    }) as Transaction;
  };
  const transaction = <T>(domain: Domain, work: (unit: Transaction) => Promise<T>): Promise<T> =>
    database.transaction(domain, async (unit) => {
      const result = await work(watched(unit));
      await watch(unit.sql, 'commit');
      return result;
    });
  return new Proxy(database, {
    get: (target, property) => {
      if (property === 'transaction') return transaction;
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
