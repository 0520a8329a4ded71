import type { ErrorCode } from '../errors.ts';
import { toIsoDate } from './date-format.ts';
import type { Mapping } from './mapping.ts';
import type { PersonFields } from './person.ts';
import { personTextFields } from './person.ts';

/** A row of a table as a person. With an error, `fields` holds what could be read. */
export interface MappedRow {
  fields: PersonFields;
  /** The caller's own key of the row; null where it is empty or not mapped. */
  key: string | null;
  error?: { code: ErrorCode; message: string };
}

/** As `personFieldsSchema` has it. */
const longestValue = 1_000;
const mostListed = 20;

/** What exports write for "nothing". */
const blanks = new Set(['-', '--', '?', 'N/A', 'n/a', '#N/A', '\\N', 'NULL', '(null)']);

/** Null is a surname, and it is sometimes written in capitals. */
const nameFields: ReadonlySet<string> = new Set(['surname', 'full_name', 'given_name', 'middle_name']);

/**
 * Prepares a mapping for a table: a function that turns the values of a row into a person.
 * @param columns the table's columns. The list may grow while rows are read, as that of NDJSON does.
 *
 * Values are trimmed, otherwise as written; a cell of phones or e-mails may list several, separated by semicolons,
 * commas, bars or line breaks. Dates are put into ISO 8601 when the mapping says how they are written. A row on which
 * nobody could be searched gets the error `search.mapping_nothing_to_search`, one with a value longer than 1,000
 * characters or more than 20 phones or e-mails `search.mapping_value`.
 */
export function prepareMapping(
  mapping: Mapping,
  columns: readonly string[],
): (values: readonly string[]) => MappedRow {
  let places = new Map<string, number>();
  const texts = personTextFields.flatMap((field) => {
    const source = mapping.fields[field];
    return source ? [{ field, source }] : [];
  });
  const attributes = Object.entries(mapping.attributes);

  return (values) => {
    if (places.size !== columns.length) places = new Map(columns.map((name, i) => [name, i]));
    const cell = (column: string): string => values[places.get(column) ?? -1]?.trim() ?? '';
    const filled = (column: string): string => (blanks.has(cell(column)) ? '' : cell(column));

    const fields: PersonFields = {};
    let tooLong: string | undefined;
    for (const { field, source } of texts) {
      const parts = source.columns.map(nameFields.has(field) ? cell : filled).filter((part) => part !== '');
      const text = parts.length > 1 ? parts.join(source.join) : (parts[0] ?? '');
      if (text === '') continue;
      if (text.length > longestValue) tooLong ??= field;
      fields[field] = field === 'date_of_birth' ? toIsoDate(text, mapping.date_format) : text;
    }
    for (const list of ['phones', 'emails'] as const) {
      const items = mapping[list].flatMap((column) => split(filled(column)));
      if (items.length > 0) fields[list] = [...new Set(items)];
      if ((fields[list]?.length ?? 0) > mostListed || items.some((item) => item.length > longestValue))
        tooLong ??= list;
    }
    const searchable = Object.keys(fields).some((field) => field !== 'external_id' && field !== 'country');
    const others: [string, string][] = [];
    for (const [name, column] of attributes) {
      const text = filled(column);
      if (text === '') continue;
      if (text.length > longestValue) tooLong ??= `attributes/${name}`;
      others.push([name, text]);
    }
    if (others.length > 0) fields.attributes = Object.fromEntries(others);
    if (mapping.country !== undefined && fields.country === undefined) fields.country = mapping.country;

    const key = mapping.key === undefined ? '' : cell(mapping.key);
    const row: MappedRow = { fields, key: key === '' ? null : key };
    if (tooLong !== undefined) {
      const message = `The value of ${tooLong} is longer than ${longestValue} characters, or lists more than ${mostListed}.`;
      row.error = { code: 'search.mapping_value', message };
    } else if (!searchable) {
      const message = 'The row has nothing to search by: every column that was mapped is empty.';
      row.error = { code: 'search.mapping_nothing_to_search', message };
    }
    return row;
  };
}

function split(text: string): string[] {
  if (text === '') return [];
  return text
    .split(/[;|,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== '' && !blanks.has(item));
}
