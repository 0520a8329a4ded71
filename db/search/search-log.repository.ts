import type { ProviderStep, SearchStatus } from '../../domain/search/answer.ts';
import type { QueryKind } from '../../domain/search/query.ts';
import { byteaArray, plainArray, textArray } from '../array-literal.ts';
import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/** Who searched, for every entry of a batch alike. */
export interface LogScope {
  tenantId: string;
  userId: string | null;
  source: string;
  traceId: string | null;
  currency: string;
}

/** One search. It holds no value that was asked with, only the hash of all of them. */
export interface NewLogEntry {
  searchId: string;
  kind: QueryKind;
  status: SearchStatus;
  queryHash: string | null;
  people: readonly { person_id: string | null; provider: string; probability: number }[];
  trace: readonly ProviderStep[];
  problem: { code: string; message: string } | null;
  costMicros: bigint;
  milliseconds: number;
  cached: boolean;
  performedAt: Date;
}

/** Entries of one who searched. */
export interface LogGroup {
  scope: LogScope;
  entries: readonly NewLogEntry[];
}

/** So many entries are few: what a plan for a dozen does well for. */
const few = 100;

/** Inserts entries; takes `logParameters`. */
export const insertLog = `
  insert into search.searches
     (id, tenant_id, user_id, source, trace_id, currency,
      kind, status, query_hash, people, trace, problem, cost_micros, milliseconds, cached, performed_at)
   select id, tenant_id, user_id, source, trace_id, currency,
          kind, status, query_hash, people, traces.trace, problem, cost_micros, milliseconds, cached, performed_at
   from unnest($6::int[], $7::uuid[], $8::text[], $9::text[], $10::bytea[], $11::jsonb[], $12::int[], $13::jsonb[],
               $14::bigint[], $15::float8[], $16::bool[], $17::timestamptz[])
     as given (scope, id, kind, status, query_hash, people, place, problem, cost_micros, milliseconds, cached,
               performed_at)
   join unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]) with ordinality
     as scopes (tenant_id, user_id, source, trace_id, currency, scope) using (scope)
   join unnest($18::jsonb[]) with ordinality as traces (trace, place) using (place)
   on conflict (id) do update
   set status = excluded.status, people = excluded.people, trace = excluded.trace, problem = excluded.problem,
       cost_micros = excluded.cost_micros, milliseconds = excluded.milliseconds, cached = excluded.cached,
       performed_at = excluded.performed_at
   where searches.status = 'failed'`;

export function logParameters(groups: readonly LogGroup[]): unknown[] {
  const entries = groups.flatMap((group) => group.entries);
  const traces = new Distinct();
  return [
    groups.map(({ scope }) => scope.tenantId),
    groups.map(({ scope }) => scope.userId),
    groups.map(({ scope }) => scope.source),
    groups.map(({ scope }) => scope.traceId),
    groups.map(({ scope }) => scope.currency),
    plainArray(groups.flatMap((group, index) => group.entries.map(() => index + 1))),
    plainArray(entries.map(({ searchId }) => searchId)),
    plainArray(entries.map(({ kind }) => kind)),
    plainArray(entries.map(({ status }) => status)),
    byteaArray(entries.map(({ queryHash }) => queryHash)),
    textArray(entries.map(({ people }) => (people.length === 0 ? '[]' : JSON.stringify(people)))),
    plainArray(entries.map((entry) => traces.placeOf(JSON.stringify(entry.trace)))),
    textArray(entries.map(({ problem }) => (problem === null ? null : JSON.stringify(problem)))),
    plainArray(entries.map(({ costMicros }) => costMicros)),
    plainArray(entries.map(({ milliseconds }) => milliseconds)),
    plainArray(entries.map(({ cached }) => cached)),
    plainArray(entries.map(({ performedAt }) => performedAt.toISOString())),
    traces.values,
  ];
}

/**
 * Writes entries in one statement, however many. A search that is there already was tried again: it stays as it is, but
 * for one that had failed, whose sender has sent it again until it was answered.
 */
export async function insertLogEntries(
  sql: Sql,
  scope: LogScope,
  entries: readonly NewLogEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const prepared = entries.length <= few ? 'search.insert_few_log_entries' : undefined;
  await sql(insertLog, logParameters([{ scope, entries }]), prepared);
}

/** Texts, each once: the rows of one step of a batch mostly have the same trace, which is then sent and parsed once. */
class Distinct {
  readonly values: string[] = [];
  readonly #places = new Map<string, number>();

  /** Counted from one, as PostgreSQL does. */
  placeOf(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.values.push(text);
      this.#places.set(text, place);
    }
    return place;
  }
}

export interface LogFilter {
  kind?: QueryKind | undefined;
  status?: SearchStatus | undefined;
  userId?: string | undefined;
  source?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** The place of an entry in the list, newest first. */
export interface LogPosition {
  performedAt: string;
  id: string;
}

export interface LogRecord {
  id: string;
  userId: string | null;
  source: string;
  kind: QueryKind;
  status: SearchStatus;
  cached: boolean;
  costMicros: string;
  currency: string;
  milliseconds: number;
  people: { person_id: string | null; provider: string; probability: number }[];
  trace: ProviderStep[];
  problem: { code: string; message: string } | null;
  traceId: string | null;
  /** ISO 8601 with microseconds, so that a position taken from it is exact. */
  performedAt: string;
}

/** The search log of one tenant. */
export class SearchLogRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first, after the given position. */
  async list(filter: LogFilter, limit: number, after: LogPosition | null): Promise<LogRecord[]> {
    return await this.#sql<LogRecord>(
      `${selectLog}
         and ($2::text is null or kind = $2) and ($3::text is null or status = $3)
         and ($4::uuid is null or user_id = $4) and ($5::text is null or source = $5)
         and ($6::timestamptz is null or performed_at >= $6) and ($7::timestamptz is null or performed_at < $7)
         and ($8::timestamptz is null or (performed_at, id) < ($8, $9::uuid))
       order by performed_at desc, id desc limit $10`,
      [
        this.#tenantId,
        filter.kind ?? null,
        filter.status ?? null,
        filter.userId ?? null,
        filter.source ?? null,
        filter.from ?? null,
        filter.to ?? null,
        after?.performedAt ?? null,
        after?.id ?? null,
        limit,
      ],
    );
  }

  async find(id: string): Promise<LogRecord | null> {
    const [row] = await this.#sql<LogRecord>(`${selectLog} and id = $2`, [this.#tenantId, id]);
    return row ?? null;
  }
}

const selectLog = `
  select id, user_id as "userId", source, kind, status, cached, cost_micros::text as "costMicros", currency,
         milliseconds, people, trace, problem, trace_id as "traceId",
         to_char(performed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "performedAt"
  from search.searches where tenant_id = $1`;

/** Forgets up to `limit` searches older than the retention. Gives how many went. */
export async function pruneSearches(sql: Sql, retentionDays: number, limit: number): Promise<number> {
  return await countRows(
    sql,
    `delete from search.searches where id in (
       select id from search.searches where performed_at < now() - make_interval(days => $1) limit $2)`,
    [retentionDays, limit],
  );
}
