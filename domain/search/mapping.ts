import { z } from 'zod';
import { Failure } from '../failure.ts';
import type { Issue } from '../failure.ts';
import { dateFormats } from './date-format.ts';
import { personTextFields } from './person.ts';

const columnName = z.string().min(1).max(200);

/** One column, or several that are joined in order; empty ones leave no separator behind. */
const columnSource = z
  .union([
    columnName,
    z.strictObject({
      columns: z.array(columnName).min(1).max(10),
      join: z.string().max(10).default(' '),
    }),
  ])
  .transform((source) => (typeof source === 'string' ? { columns: [source], join: ' ' } : source));

/**
 * Which columns of a table say what of a person. The parsed form is also a valid input, so it can be stored and read
 * again.
 */
export const mappingSchema = z.strictObject({
  fields: z
    .partialRecord(z.enum(personTextFields), columnSource)
    .default({})
    .meta({
      examples: [{ given_name: 'First name', address: { columns: ['Line 1', 'Line 2'], join: ', ' } }],
    }),
  phones: z.array(columnName).max(20).default([]),
  emails: z.array(columnName).max(20).default([]),
  attributes: z
    .record(z.string().min(1).max(100), columnName)
    .default({})
    .meta({ description: 'Name of the attribute → column.' }),
  key: columnName
    .optional()
    .meta({ description: "Column of the caller's own key of a row; it comes back with the result." }),
  date_format: z.enum(dateFormats).default('as_written'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'Two capital letters, as in ISO 3166-1 alpha-2.')
    .optional()
    .meta({ description: 'Country of the rows that name none.' }),
});

export type Mapping = z.infer<typeof mappingSchema>;

interface Reference {
  pointer: string;
  column: string;
}

/** Every column that a mapping names, with the JSON pointer of the place that names it. */
export function mappedColumns(mapping: Mapping): Reference[] {
  const fields = Object.entries(mapping.fields).flatMap(([field, source]) =>
    source.columns.map((column, i) => ({ pointer: `/fields/${field}/columns/${i}`, column })),
  );
  const lists = (['phones', 'emails'] as const).flatMap((list) =>
    mapping[list].map((column, i) => ({ pointer: `/${list}/${i}`, column })),
  );
  const attributes = Object.entries(mapping.attributes).map(([name, column]) => ({
    pointer: `/attributes/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    column,
  }));
  const key = mapping.key === undefined ? [] : [{ pointer: '/key', column: mapping.key }];
  return [...fields, ...lists, ...attributes, ...key];
}

/**
 * Checks a mapping against the columns of a table.
 * @param options.open the table may have further columns (NDJSON, of which the first rows are read): a name that is
 *   not among them is no fault.
 * @throws Failure `search.mapping_invalid` with an issue for each unknown column, each column that is named twice in
 *   one place, and a mapping by which nobody could be found.
 */
export function validateMapping(
  mapping: Mapping,
  columns: readonly string[],
  options: { open?: boolean } = {},
): void {
  const known = new Set(columns);
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const { pointer, column } of mappedColumns(mapping)) {
    const place = `${pointer.replace(/\/\d+$/, '')} ${column}`;
    if (!options.open && !known.has(column)) {
      const like = columns.find((other) => other.toLowerCase().trim() === column.toLowerCase().trim());
      const hint = like === undefined ? '' : ` Is “${like}” meant?`;
      issues.push({ pointer, message: `The file has no column “${column}”.${hint}` });
    } else if (seen.has(place)) {
      issues.push({ pointer, message: `The column “${column}” is named twice here.` });
    }
    seen.add(place);
  }
  const searchable = Object.keys(mapping.fields).some(
    (field) => field !== 'external_id' && field !== 'country',
  );
  if (!searchable && mapping.phones.length === 0 && mapping.emails.length === 0) {
    const message =
      'Map at least one column that tells who a person is: a name, an address, a phone or an e-mail.';
    issues.push({ pointer: '', message });
  }
  if (issues.length > 0) {
    throw new Failure('search.mapping_invalid', 'The mapping does not fit the file.', { issues });
  }
}
