import type { ErrorCode } from '../errors.ts';
import { prepareMapping } from './apply-mapping.ts';
import type { MappedRow } from './apply-mapping.ts';
import { FingerprintSet } from './fingerprint-set.ts';
import { mappedColumns, mappingSchema, validateMapping } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { guessMapping } from './mapping-guess.ts';
import type { MappingGuess } from './mapping-guess.ts';
import { fold } from './matching/text.ts';
import type { PersonFields } from './person.ts';
import { personTextFields } from './person.ts';

/** A row as a table reader gives it. */
export interface SourceRow {
  rowNo: number;
  line: number;
  values: readonly string[];
  error?: { code: ErrorCode; message: string };
}

/** One kind of fault, how often it occurs, and the first rows that have it. */
export interface Problem {
  code: ErrorCode;
  count: number;
  examples: { row_no: number; line: number; message: string }[];
}

export interface Preview {
  mapping: Mapping;
  /** What was guessed; null when the caller gave a mapping. */
  guess: MappingGuess | null;
  /** The first rows, as they stand in the file and as they would be searched. */
  sample: { row_no: number; values: readonly string[]; mapped: MappedRow | null }[];
  /** All rows, those with errors too. */
  rows: number;
  /** Rows that can be searched. */
  valid: number;
  /** Valid rows that say the same as an earlier one: they are searched once. */
  duplicates: number;
  /** Rows whose key an earlier row has. */
  duplicate_keys: number;
  problems: Problem[];
  /** Columns that the mapping does not use. They come back with the results. */
  unmapped_columns: string[];
}

export interface PreviewOptions {
  /** The caller's mapping; guessed when left out. */
  mapping?: Mapping;
  /** The table may get further columns while it is read. */
  open?: boolean;
  /** When two rows say the same; `rowFingerprint` when left out. */
  fingerprint?: (fields: PersonFields) => string;
}

const guessedBy = 100;
const sampleRows = 10;
const examplesOfProblem = 20;

/**
 * Reads a table through once and tells what a search or an import of it would meet. Holds the first 100 rows and two
 * fingerprints of every row (up to 64 bytes together), so memory stays flat.
 * @param columns the table's columns; may grow while the rows are read.
 * @throws Failure `search.mapping_invalid` when the caller's mapping does not fit, and what the rows throw.
 */
export async function previewTable(
  rows: AsyncIterable<SourceRow>,
  columns: readonly string[],
  options: PreviewOptions = {},
): Promise<Preview> {
  const head: SourceRow[] = [];
  let tally: Tally | undefined;
  for await (const row of rows) {
    if (tally) tally.add(row);
    else if (head.push(row) === guessedBy) tally = new Tally(head, columns, options);
  }
  tally ??= new Tally(head, columns, options);
  return tally.result();
}

class Tally {
  private readonly columns: readonly string[];
  private readonly mapping: Mapping;
  private readonly guess: MappingGuess | null;
  private readonly map: (values: readonly string[]) => MappedRow;
  private readonly fingerprint: (fields: PersonFields) => string;
  private readonly counts = { rows: 0, valid: 0, duplicates: 0, duplicate_keys: 0 };
  private readonly sample: Preview['sample'] = [];
  private readonly problems = new Map<ErrorCode, Problem>();
  private readonly people = new FingerprintSet();
  private readonly keys = new FingerprintSet();

  constructor(head: readonly SourceRow[], columns: readonly string[], options: PreviewOptions) {
    this.columns = columns;
    this.fingerprint = options.fingerprint ?? rowFingerprint;
    const whole = head.filter((row) => !row.error).map((row) => row.values);
    this.guess = options.mapping ? null : guessMapping(columns, whole);
    this.mapping = options.mapping ?? this.guess?.mapping ?? mappingSchema.parse({});
    // A guess that finds nothing is an answer too: the person sees the columns and maps them.
    if (options.mapping) validateMapping(this.mapping, columns, { open: options.open ?? false });
    this.map = prepareMapping(this.mapping, columns);
    for (const row of head) this.add(row);
  }

  add(row: SourceRow): void {
    const { counts } = this;
    counts.rows += 1;
    const mapped = row.error ? null : this.map(row.values);
    if (this.sample.length < sampleRows) this.sample.push({ row_no: row.rowNo, values: row.values, mapped });
    if (mapped && mapped.key !== null && !this.keys.add(mapped.key)) counts.duplicate_keys += 1;
    const error = row.error ?? mapped?.error;
    if (error) addProblem(this.problems, row, error);
    if (error || !mapped) return;
    counts.valid += 1;
    if (!this.people.add(this.fingerprint(mapped.fields))) counts.duplicates += 1;
  }

  result(): Preview {
    const used = new Set(mappedColumns(this.mapping).map(({ column }) => column));
    return {
      mapping: this.mapping,
      guess: this.guess,
      sample: this.sample,
      ...this.counts,
      problems: [...this.problems.values()].sort((a, b) => b.count - a.count),
      unmapped_columns: this.columns.filter((column) => !used.has(column)),
    };
  }
}

function addProblem(
  problems: Map<ErrorCode, Problem>,
  row: SourceRow,
  { code, message }: { code: ErrorCode; message: string },
): void {
  const problem = problems.get(code) ?? { code, count: 0, examples: [] };
  problems.set(code, problem);
  problem.count += 1;
  if (problem.examples.length < examplesOfProblem) {
    problem.examples.push({ row_no: row.rowNo, line: row.line, message });
  }
}

/**
 * The same text for rows that say the same of a person, whatever their case, accents, punctuation and spaces. Cheap
 * enough for a million rows; the search's own key also knows spellings of phone numbers and e-mail addresses, so it
 * may find a few more rows to be equal.
 */
export function rowFingerprint(fields: PersonFields): string {
  const texts = personTextFields.map((field) =>
    field === 'external_id' ? '' : foldFast(fields[field] ?? ''),
  );
  const phones = (fields.phones ?? []).map((phone) => phone.replace(/[^\d+]/g, '')).sort();
  const emails = (fields.emails ?? []).map((email) => email.toLowerCase()).sort();
  const attributes = Object.entries(fields.attributes ?? {}).map(([name, value]) =>
    [name, fold(value)].join('='),
  );
  return JSON.stringify([texts, phones, emails, attributes.sort()]);
}

const alreadyPlain = /^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/;

/** `fold`, without its dozen passes over the many texts that need only lower case. */
function foldFast(text: string): string {
  if (text === '') return '';
  return alreadyPlain.test(text) ? text.toLowerCase() : fold(text);
}
