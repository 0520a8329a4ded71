import type { Needles } from '../domain/search/data-subject.ts';
import type { Sql } from './sql.ts';

/**
 * A condition under which a text, such as JSON as text, may be of a person: what the database can tell by itself, so that
 * only those few are read that the rule itself (`Recogniser.holds`) is asked about. It lets nothing go that is of the person.
 *
 * @param text an expression
 * @param place of the first of the two parameters that `needleParameters` gives
 */
export function mayBeOf(text: string, place: number): string {
  // An escaped control character in JSON would put its digits between those of a number.
  return `($${place}::text[] is null
    or regexp_replace(lower(${text}), '[^a-z0-9]', '', 'g') like any ($${place}::text[])
    or (cardinality($${place + 1}::text[]) > 0
      and regexp_replace(${text}, '\\\\u00[01][0-9a-f]|[^0-9]', '', 'g') like any ($${place + 1}::text[])))`;
}

export function needleParameters(needles: Needles | null): [string[] | null, string[] | null] {
  if (needles === null) return [null, null];
  const within = (parts: readonly string[]): string[] => parts.map((part) => `%${part}%`);
  return [within(needles.letters), within(needles.digits)];
}

/** A row that may be of a person, with all of its texts. */
export interface SpeakingRow {
  id: string;
  texts: unknown;
}

export interface SpeakingPage<Row extends SpeakingRow = SpeakingRow> {
  found: Row[];
  /** Where the page ends; null at the end of all. */
  reached: string | null;
}

/** The rows of a tenant, from before a moment, behind an ID. */
export interface SpeakingLook {
  tenantId: string;
  /** ISO 8601, or `infinity`. */
  before: string;
  after: string | null;
  limit: number;
  needles: Needles | null;
}

/**
 * Those of a page of rows, by their IDs, that may be of the person.
 *
 * @param rows the table, its column with the time, and its texts as an expression that gives JSON of `t`, the row
 */
export async function readSpeakingPage(
  sql: Sql,
  { table, time, texts }: { table: string; time: string; texts: string },
  { tenantId, before, after, limit, needles }: SpeakingLook,
): Promise<SpeakingPage> {
  const rows = await sql<{ reached: string; id: string | null; texts: unknown }>(
    `with page as materialized (
       select t.id, ${texts} as texts from ${table} t
       where t.tenant_id = $1 and t.${time} <= $2 and ($3::uuid is null or t.id > $3) order by t.id limit $4
     ), last as (select id as reached from page order by id desc limit 1)
     select last.reached, p.id, p.texts from last left join page p on ${mayBeOf('p.texts::text', 5)} order by p.id`,
    [tenantId, before, after, limit, ...needleParameters(needles)],
  );
  return {
    found: rows.flatMap(({ id, texts: said }) => (id === null ? [] : [{ id, texts: said }])),
    reached: rows[0]?.reached ?? null,
  };
}
