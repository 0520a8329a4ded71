import type { Needles } from '../../domain/search/data-subject.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';
import { mayBeOf, needleParameters } from '../speaking-texts.ts';

export interface StoredPerson {
  /** A bigint, as text. */
  personNo: string;
  id: string;
  recordSetId: string;
  fields: PersonFields;
}

/** Those of a page that may be meant, and where the page ends; null at the end of all. */
export interface Looked<T, P> {
  found: T[];
  reached: P | null;
}

/** The people of a tenant, also of sets that nobody sees any more, in the order in which they came, who may be meant. */
export async function peopleAfter(
  sql: Sql,
  tenantId: string,
  after: string,
  limit: number,
  needles: Needles | null,
): Promise<Looked<StoredPerson, string>> {
  const found = await sql<StoredPerson & { reached: string }>(
    `with page as materialized (
       select person_no, id, record_set_id, fields from search.persons
       where tenant_id = $1 and person_no > $2::bigint order by person_no limit $3
     ), last as (select max(person_no)::text as reached from page having count(*) > 0)
     select last.reached, p.person_no::text as "personNo", p.id, p.record_set_id as "recordSetId", p.fields
     from last left join page p on ${mayBeOf(`p.id::text || ' ' || p.fields::text`, 4)} order by p.person_no`,
    [tenantId, after, limit, ...needleParameters(needles)],
  );
  return looked(found, ({ personNo }) => personNo);
}

/** A page without anybody who may be meant comes as one row of nulls. */
function looked<T extends { reached: P }, P>(rows: T[], key: (row: T) => unknown): Looked<T, P> {
  return { found: rows.filter((row) => key(row) !== null), reached: rows[0]?.reached ?? null };
}

/** A row of a batch with all that may speak of somebody. */
export interface SpeakingRow {
  rowNo: number;
  values: string[];
  match: unknown;
  facts: unknown;
}

/** The rows of a page that may be of the person. */
export async function rowsAfter(
  sql: Sql,
  batchId: string,
  after: number,
  limit: number,
  needles: Needles | null,
): Promise<Looked<SpeakingRow, number>> {
  const text = `p.values::text || coalesce(p.match::text, '') || coalesce(p.facts::text, '')`;
  const rows = await sql<SpeakingRow & { reached: number }>(
    `with page as materialized (
       select r.row_no, r.input as values, d.match, d.facts
       from search.batch_rows r left join search.batch_results d on d.batch_id = r.batch_id and d.row_no = r.row_no
       where r.batch_id = $1 and r.row_no > $2 order by r.row_no limit $3
     ), last as (select max(row_no) as reached from page having count(*) > 0)
     select last.reached, p.row_no as "rowNo", p.values, p.match, p.facts
     from last left join page p on ${mayBeOf(text, 4)} order by p.row_no`,
    [batchId, after, limit, ...needleParameters(needles)],
  );
  return looked(rows, ({ rowNo }) => rowNo);
}

/** Empties rows: their numbers, what became of them and what they cost stay, so that the batch still adds up. */
export async function emptyRows(sql: Sql, batchId: string, rows: readonly number[]): Promise<void> {
  await sql(
    `update search.batch_rows set row_key = null, fingerprint = null,
       input = (select coalesce(json_agg(''::text), '[]') from json_array_elements(input))
     where batch_id = $1 and row_no = any($2::integer[])`,
    [batchId, rows],
  );
  await sql(
    `update search.batch_results set match = null, facts = null where batch_id = $1 and row_no = any($2::integer[])`,
    [batchId, rows],
  );
}

export interface Processes {
  /** Ended, with rows and files to look through. */
  batches: string[];
  imports: string[];
  /** Still under way, as their files are being read, or beyond the limit. */
  left: number;
}

/**
 * The batches and imports of a tenant from before a moment that an erasure has not looked through yet, the oldest first.
 *
 * @param limit of those that have ended. There may be a million of them
 */
export async function processesToErase(
  sql: Sql,
  tenantId: string,
  erasureId: string,
  moment: Date,
  limit: number,
): Promise<Processes> {
  const rows = await sql<{ kind: 'batch' | 'import'; id: string; left: number }>(
    `with open as materialized (
       select p.kind, p.id, p.ended from (
         select 'batch' as kind, id, tenant_id, created_at, phase,
           finished_at is not null and phase in ('completed', 'cancelled', 'failed') as ended
         from search.batches
         union all
         select 'import', id, tenant_id, created_at, phase,
           finished_at is not null and phase in ('completed', 'cancelled', 'failed')
         from search.imports
       ) p
       where p.tenant_id = $1 and p.created_at <= $3 and p.phase <> 'expired'
         and not (p.ended and exists (
           select 1 from search.erasure_marks m where m.erasure_id = $2 and m.kind = 'looked' and m.id = p.id))
     ), page as (select kind, id from open where ended order by id limit $4)
     select page.kind, page.id, left_open.left from (
       select (select count(*) from open)::int - (select count(*) from page)::int as left
     ) left_open left join page on true order by page.id`,
    [tenantId, erasureId, moment, limit],
  );
  const of = (wanted: 'batch' | 'import') => rows.flatMap(({ kind, id }) => (kind === wanted ? [id] : []));
  return { batches: of('batch'), imports: of('import'), left: rows[0]?.left ?? 0 };
}

/** A process that an erasure waits for. */
export interface AwaitedProcess {
  /** `batch:<id>` or `import:<id>`. */
  id: string;
  /** It goes on only when its owner resumes it. */
  paused: boolean;
}

/** The batches and imports of a tenant from before a moment that are still under way, the oldest first. */
export async function awaitedProcesses(
  sql: Sql,
  tenantId: string,
  moment: Date,
  limit: number,
): Promise<AwaitedProcess[]> {
  return await sql<AwaitedProcess>(
    `select kind || ':' || id as id, paused from (
       select 'batch' as kind, id, coalesce(hold = 'pause', false) as paused from search.batches
       where tenant_id = $1 and created_at <= $2 and phase not in ('completed', 'cancelled', 'failed', 'expired')
       union all
       select 'import', id, false from search.imports
       where tenant_id = $1 and created_at <= $2 and phase not in ('completed', 'cancelled', 'failed', 'expired')
     ) p order by p.id limit $3`,
    [tenantId, moment, limit],
  );
}

export async function deleteRejects(sql: Sql, importId: string, rows: readonly number[]): Promise<void> {
  await sql('delete from search.import_rejects where import_id = $1 and row_no = any($2::integer[])', [
    importId,
    rows,
  ]);
}

/** Files that were sent and that no process has taken over. */
export async function unusedUploads(sql: Sql, tenantId: string): Promise<{ id: string; key: string }[]> {
  return await sql<{ id: string; key: string }>(
    'select id, object_key as key from search.uploads where tenant_id = $1 and used_by is null order by id',
    [tenantId],
  );
}

export async function deleteUpload(sql: Sql, tenantId: string, id: string): Promise<void> {
  await sql('delete from search.uploads where tenant_id = $1 and id = $2', [tenantId, id]);
}

/** Answers of paid calls that are kept for when the same work is tried again. */
export async function chargeAnswersAfter(
  sql: Sql,
  tenantId: string,
  after: string,
  limit: number,
): Promise<{ effectKey: string; answer: unknown }[]> {
  return await sql<{ effectKey: string; answer: unknown }>(
    `select effect_key as "effectKey", answer from search.charges
     where tenant_id = $1 and answer is not null and effect_key > $2 order by effect_key limit $3`,
    [tenantId, after, limit],
  );
}

export async function dropChargeAnswers(sql: Sql, effectKeys: readonly string[]): Promise<void> {
  await sql('update search.charges set answer = null where effect_key = any($1::text[])', [effectKeys]);
}

/** Forgets all cached answers of a tenant: it costs asking again, and leaves no doubt. Gives how many. */
export async function dropCachedAnswers(sql: Sql, tenantId: string): Promise<number> {
  return await countRows(sql, 'delete from search.cache_entries where tenant_id = $1', [tenantId]);
}

/** An entry of the search log, in the order in which they were made. */
export interface LogPlace {
  /** As PostgreSQL writes it, to the microsecond. */
  performedAt: string;
  id: string;
}

/**
 * Takes people and questions out of a page of the search log: who was found, and the hash of what was asked with. Gives how
 * many entries, and where the page ends; null at the end of all.
 */
export async function forgetInSearchLog(
  sql: Sql,
  tenantId: string,
  personIds: readonly string[],
  queryHashes: readonly string[],
  after: LogPlace | null,
  limit: number,
): Promise<{ changed: number; reached: LogPlace | null }> {
  const [row] = await sql<{ changed: number; reached: LogPlace | null }>(
    `with page as materialized (
       select id, performed_at from search.searches
       where tenant_id = $1 and ($4::timestamptz is null or (performed_at, id) > ($4, $5::uuid))
       order by performed_at, id limit $6
     ), changed as (
       update search.searches s set query_hash = null, people = (
         select coalesce(jsonb_agg(case when p->>'person_id' = any($2::text[])
                                        then p || '{"person_id": null}' else p end), '[]')
         from jsonb_array_elements(s.people) p)
       from page where s.id = page.id and (
         s.query_hash in (select decode(hash, 'hex') from unnest($3::text[]) as hash)
         or exists (select 1 from jsonb_array_elements(s.people) p where p->>'person_id' = any($2::text[])))
       returning 1
     )
     select (select count(*) from changed)::int as changed,
       (select json_build_object('performedAt', performed_at::text, 'id', id)
        from page order by performed_at desc, id desc limit 1) as reached`,
    [tenantId, personIds, queryHashes, after?.performedAt ?? null, after?.id ?? null, limit],
  );
  if (!row) throw new Error('The log told nothing.');
  return row;
}
