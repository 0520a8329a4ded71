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
  /** Still under way: their files are being read. */
  unfinished: number;
}

/** The batches and imports of a tenant from before a moment. */
export async function processesBefore(sql: Sql, tenantId: string, moment: Date): Promise<Processes> {
  const read = async (table: 'batches' | 'imports') =>
    await sql<{ id: string; ended: boolean }>(
      `select id, finished_at is not null and phase in ('completed', 'cancelled', 'failed') as ended
       from search.${table} where tenant_id = $1 and created_at <= $2 and phase <> 'expired' order by id`,
      [tenantId, moment],
    );
  const [batches, imports] = [await read('batches'), await read('imports')];
  const ended = (all: { id: string; ended: boolean }[]) => all.filter((one) => one.ended).map(({ id }) => id);
  return {
    batches: ended(batches),
    imports: ended(imports),
    unfinished: [...batches, ...imports].filter((one) => !one.ended).length,
  };
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

/**
 * Takes people and questions out of the search log: who was found, and the hash of what was asked with. Gives how many
 * entries.
 */
export async function forgetInSearchLog(
  sql: Sql,
  tenantId: string,
  personIds: readonly string[],
  queryHashes: readonly string[],
): Promise<number> {
  return await countRows(
    sql,
    `update search.searches s set query_hash = null, people = (
       select coalesce(jsonb_agg(case when p->>'person_id' = any($2::text[])
                                      then p || '{"person_id": null}' else p end), '[]')
       from jsonb_array_elements(s.people) p)
     where tenant_id = $1 and (
       query_hash in (select decode(hash, 'hex') from unnest($3::text[]) as hash)
       or exists (select 1 from jsonb_array_elements(s.people) p where p->>'person_id' = any($2::text[])))`,
    [tenantId, personIds, queryHashes],
  );
}
