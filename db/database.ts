import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import type { Domain } from '../domain/domains.ts';
import type { NewEvent } from '../domain/events/event.ts';
import { consumersOf } from '../domain/events/subscriptions.ts';
import { CommitNotices, NoticesDue } from './notices.ts';
import { appendEvents, eventParts, eventsJson, outboxChannel } from './outbox/outbox.ts';
import { entities } from './entities.ts';
import { kyselyOn } from './kysely-on.ts';
import { keepWhole } from './pool.ts';
import { traceQueries } from './query-spans.ts';
import { sqlOnPool, type Sql } from './sql.ts';
import { inTransaction, type LentClient } from './transaction.ts';

/** What one unit of work may use. All of it belongs to one transaction, or to none when it only reads. */
export interface UnitOfWork {
  em: EntityManager;
  sql: Sql;
}

/** One statement that changes state and tells of the change. */
export interface TellingStatement {
  /** Parts of a `WITH`, without the word: what it changes. */
  parts: string;
  /** What follows them and gives rows. */
  select: string;
  parameters: readonly unknown[];
  events: readonly NewEvent[];
  /** A condition on the parts, under which it is told; else it always is. */
  when?: string;
  /** As with `Sql`. */
  prepared: string;
}

/** Runs a change and the telling of it as one statement. */
export interface Teller {
  tell: <T extends object>(statement: TellingStatement) => Promise<T[]>;
}

/** A unit of work that may change state, and tells of the change in the same transaction. */
export interface Transaction extends UnitOfWork, Teller {
  publish: (...events: NewEvent[]) => Promise<void>;
  /**
   * Looks something up in another domain. Over the transaction's own connection where both are in one database: whoever holds a
   * connection and waits for a second one waits for ever, if all others do so too.
   */
  sqlOf: (domain: Domain) => Sql;
  /** Has those who listen on a channel told, once it is committed, that something has changed; the words say what. */
  wake: (channel: string, ...words: string[]) => void;
}

export interface DatabaseConfig {
  /** The database of every domain that has none of its own. */
  url: string;
  /** Databases of single domains (`DATABASE_URL_<DOMAIN>`). */
  domainUrls: Partial<Record<Domain, string>>;
  /** Most connections of this process to each database. */
  poolSize: number;
  applicationName: string;
  /** Longest time of one statement, in seconds. */
  statementSeconds?: number;
  /** Settings of PostgreSQL for every connection. */
  settings?: Readonly<Record<string, string>>;
}

/** Enough for the longest work of a worker: what takes longer has gone wrong, and would hold its locks for ever. */
const defaultStatementSeconds = 600;

/** Seconds to wait for a row or a key that another transaction holds. */
const lockSeconds = 15;

/** Seconds that a transaction may do nothing: a process that is frozen in the middle lets go of its locks. */
const idleSeconds = 60;

/** A notice is a commit too, but one that need not outlive the server: it does not wait for the disk. */
const notify = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;

/** The databases of this process: one connection pool a distinct URL, reached by domain. */
export class Database {
  readonly #config: DatabaseConfig;
  readonly #orms = new Map<string, MikroORM>();
  readonly #pools = new Map<string, Pool>();
  #closed = false;
  readonly #notices = new CommitNotices((domain, channel, payload) =>
    this.read(domain, ({ sql }) => sql(notify, [channel, payload], 'notify')),
  );

  constructor(config: DatabaseConfig) {
    this.#config = config;
  }

  urlOf(domain: Domain): string {
    return this.#config.domainUrls[domain] ?? this.#config.url;
  }

  /** Reads outside a transaction, with an identity map of its own. */
  async read<T>(domain: Domain, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const entitiesOf = (): EntityManager => this.#fork(domain);
    let em: EntityManager | undefined;
    return await work({
      sql: sqlOnPool(this.#pool(domain)),
      // Made when somebody asks for it: most reads are one statement, and cost less than an entity manager does.
      get em() {
        return (em ??= entitiesOf());
      },
    });
  }

  /** Runs work in one transaction: its changes and the events it publishes are committed together, or not at all. */
  async transaction<T>(domain: Domain, work: (unit: Transaction) => Promise<T>): Promise<T> {
    const entitiesOf = (client: LentClient): EntityManager => this.#fork(domain, client);
    let em: EntityManager | undefined;
    const due = new NoticesDue();
    const result = await inTransaction(
      this.#pool(domain),
      ({ sql, client }) =>
        work({
          sql,
          get em() {
            return (em ??= entitiesOf(client));
          },
          publish: async (...events) => {
            await em?.flush();
            await appendEvents(sql, domain, events);
            due.add(outboxChannel, ...concerned(events));
          },
          sqlOf: (other) => (this.urlOf(other) === this.urlOf(domain) ? sql : sqlOnPool(this.#pool(other))),
          wake: (channel, ...words) => due.add(channel, ...words),
          tell: async <R extends object>(statement: TellingStatement) => {
            await em?.flush();
            due.add(outboxChannel, ...concerned(statement.events));
            return await runTelling<R>(sql, domain, statement);
          },
        }),
      async () => await em?.flush(),
    );
    if (!this.#closed) this.#notices.give(domain, due);
    return result;
  }

  /** For a change that is one statement: it is a transaction by itself, without the round trips that begin and end one. */
  alone(domain: Domain): Teller {
    return {
      tell: async <T extends object>(statement: TellingStatement) => {
        const rows = await runTelling<T>(sqlOnPool(this.#pool(domain)), domain, statement);
        const due = new NoticesDue();
        due.add(outboxChannel, ...concerned(statement.events));
        if (!this.#closed) this.#notices.give(domain, due);
        return rows;
      },
    };
  }

  /** Throws when the domain's database does not answer. */
  async ping(domain: Domain): Promise<void> {
    await this.read(domain, ({ sql }) => sql('select 1'));
  }

  /** How busy the connections to each database are. */
  poolStates(): { database: string; inUse: number; idle: number; waiting: number; size: number }[] {
    return [...this.#pools].map(([url, { totalCount, idleCount, waitingCount }]) => ({
      database: new URL(url).pathname.slice(1),
      inUse: totalCount - idleCount,
      idle: idleCount,
      waiting: waitingCount,
      size: this.#config.poolSize,
    }));
  }

  async close(): Promise<void> {
    // A notice would open the database anew.
    this.#closed = true;
    await this.#notices.settle();
    await Promise.all([...this.#orms.values()].map((orm) => orm.close(true)));
    this.#orms.clear();
    this.#pools.clear();
  }

  /**
   * Of its own accord MikroORM would fork from whatever transaction is under way, also one of another database.
   *
   * @param client the connection of the transaction that it belongs to
   */
  #fork(domain: Domain, client?: LentClient): EntityManager {
    const em = this.#orm(domain).em.fork({ disableContextResolution: true });
    if (client) em.setTransactionContext(kyselyOn(client));
    return em;
  }

  #pool(domain: Domain): Pool {
    const url = this.urlOf(domain);
    // MikroORM makes the pool when it is first asked for its client.
    if (!this.#pools.has(url)) this.#orm(domain).em.getConnection().getClient();
    const pool = this.#pools.get(url);
    if (!pool) throw new Error('The database has no pool of connections.');
    return pool;
  }

  #orm(domain: Domain): MikroORM {
    const url = this.urlOf(domain);
    const { statementSeconds = defaultStatementSeconds, settings = {} } = this.#config;
    let orm = this.#orms.get(url);
    if (!orm) {
      orm = new MikroORM({
        clientUrl: url,
        entities,
        pool: { min: 0, max: this.#config.poolSize },
        driverOptions: {
          application_name: this.#config.applicationName,
          options: Object.entries(settings)
            .map(([name, value]) => `-c ${name}=${value}`)
            .join(' '),
          connectionTimeoutMillis: 5_000,
          keepAlive: true,
          statement_timeout: statementSeconds * 1_000,
          lock_timeout: lockSeconds * 1_000,
          idle_in_transaction_session_timeout: idleSeconds * 1_000,
          onPoolCreated: (pool: Pool) => {
            this.#pools.set(url, pool);
            keepWhole(pool, Math.max(statementSeconds, idleSeconds) + 5);
            traceQueries(pool);
          },
        },
        forceUtcTimezone: true,
        ignoreUndefinedInQuery: true,
      });
      this.#orms.set(url, orm);
    }
    return orm;
  }
}

/** The consumers who have something to deliver now. */
function concerned(events: readonly NewEvent[]): string[] {
  return events.flatMap(({ type }) => consumersOf(type));
}

async function runTelling<T extends object>(
  sql: Sql,
  domain: Domain,
  { parts, select, parameters, events, when, prepared }: TellingStatement,
): Promise<T[]> {
  const text = `with ${parts}, ${eventParts(domain, parameters.length + 1, when)} ${select}`;
  return await sql<T>(text, [...parameters, eventsJson(events)], prepared);
}
