import type { Readable } from 'node:stream';
import { Failure } from '../../domain/failure.ts';
import { refuseKnownBinary } from './binary.ts';
import { BlockReader } from './blocks.ts';
import { CsvRows } from './csv-rows.ts';
import { CsvScanner } from './csv-scanner.ts';
import type { CsvRecord } from './csv-scanner.ts';
import { delimiters, sniffDelimiter, sniffSpaceAfterDelimiter } from './dialect.ts';
import { openDecoder } from './encoding.ts';
import { checkHeader, numberedColumns, refuseDataAsHeader } from './header.ts';
import type { HeaderProblems } from './header.ts';
import { defaultLimits } from './limits.ts';
import type { TableLimits } from './limits.ts';
import { NdjsonRows } from './ndjson-rows.ts';
import type { Notice, Table, TableRow } from './table.ts';

export interface ReadTableOptions {
  /** Left out: by the first character of the file. */
  format?: 'csv' | 'ndjson';
  /** Any WHATWG label. Left out: see `openDecoder`. */
  encoding?: string;
  /** One character. Left out: by the first records. */
  delimiter?: string;
  /** `auto`: there is one, and a first row that looks like data is refused. */
  header?: 'auto' | 'present' | 'absent';
  headerProblems?: HeaderProblems;
  /** Read past the rows up to this number, to go on where another reading stopped. */
  afterRow?: number;
  limits?: Partial<TableLimits>;
  signal?: AbortSignal;
}

interface Text {
  text: string;
  last: boolean;
}

/** What the two formats have in common once they are open. */
interface OpenRows {
  columns: readonly string[];
  delimiter: string | undefined;
  first: TableRow[];
  source: { readonly count: number; take(piece: string, last: boolean): TableRow[] };
  finished: boolean;
}

/**
 * Opens a table file: CSV of any delimiter or NDJSON, plain or gzip, in UTF-8, UTF-16 or Windows-1252. Reads its
 * first 64 KiB (or as far as the header goes), the rest as the rows are asked for; never more than a few blocks and
 * one record are in memory.
 *
 * Faults of one row are on that row, and reading goes on; faults of the file are thrown, here or in the loop over the
 * rows. What a fault says depends on the content only, not on how the stream was cut.
 * @param source the file as it is sent; a small one may be in memory already
 * @throws Failure `search.file_*` (see the table of codes); the signal's reason when it is aborted; whatever the
 *   source throws.
 */
export async function readTable(source: Readable | Buffer, options: ReadTableOptions = {}): Promise<Table> {
  const limits = { ...defaultLimits, ...options.limits };
  const reader = new BlockReader(source, limits, options.signal);
  const notices: Notice[] = [];
  try {
    const blocks = reader.blocks();
    const { value: first } = await blocks.next();
    if (!first || first.bytes.length === 0) throw emptyFile('The file is empty.');
    refuseKnownBinary(first.bytes);
    const decoder = openDecoder(first, options.encoding, () =>
      notices.push({
        code: 'encoding_assumed',
        message: 'The file is not UTF-8. It was read as Windows-1252: check letters with accents.',
      }),
    );
    const texts = (async function* (): AsyncGenerator<Text> {
      yield { text: decoder.decode(first), last: first.last };
      for await (const block of blocks) yield { text: decoder.decode(block), last: block.last };
    })();

    const start = await firstText(texts);
    const format = options.format ?? sniffFormat(start.text);
    const rows =
      format === 'csv'
        ? await openCsv(start, texts, options, limits, notices)
        : openNdjson(start, options, limits);
    return {
      format,
      compression: reader.compression,
      get encoding() {
        return decoder.encoding;
      },
      delimiter: rows.delimiter,
      columns: rows.columns,
      notices,
      rows: rowsOf(rows, texts, limits, reader),
      bytesRead: () => reader.bytesRead,
      close: () => reader.close(),
    };
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function* rowsOf(
  open: OpenRows,
  texts: AsyncGenerator<Text>,
  limits: TableLimits,
  reader: BlockReader,
): AsyncGenerator<TableRow> {
  try {
    yield* limited(open.first, limits);
    if (!open.finished) {
      for await (const { text, last } of texts) {
        // A plain loop: `yield*` would make each row wait twice.
        for (const row of limited(open.source.take(text, last), limits)) yield row;
      }
    }
    if (open.source.count === 0) throw emptyFile('The file has column names and no rows.');
  } finally {
    reader.close();
  }
}

/** Lets the rows within the limit through, so that what was promised is read before the failure. */
function* limited(rows: TableRow[], { maxRows }: TableLimits): Generator<TableRow> {
  for (const row of rows) {
    if (row.rowNo > maxRows) {
      throw new Failure('search.file_too_many_rows', `The file has more than ${maxRows} rows.`, { maxRows });
    }
    yield row;
  }
}

/** The first piece of text that is more than white space, with what came before it. */
async function firstText(texts: AsyncGenerator<Text>): Promise<Text> {
  let text = '';
  for (;;) {
    const { value, done } = await texts.next();
    if (done) throw emptyFile('The file is empty.');
    text += value.text;
    if (text.trim() !== '') return { text, last: value.last };
    if (value.last || text.length > 2 * 1024 ** 2) throw emptyFile('The file holds nothing but white space.');
  }
}

function emptyFile(message: string): Failure {
  return new Failure('search.file_empty', message);
}

function sniffFormat(text: string): 'csv' | 'ndjson' {
  const start = text.trimStart();
  if (/^\[\s*[{\]]/.test(start)) {
    const message =
      'This is a JSON array. Send NDJSON: one object a line, without brackets and commas around them.';
    throw new Failure('search.file_format', message);
  }
  if (/^<(!doctype|html|\?xml)/i.test(start)) {
    throw new Failure('search.file_format', 'This is a web page or XML, not CSV or NDJSON.');
  }
  return start.startsWith('{') ? 'ndjson' : 'csv';
}

function openNdjson(start: Text, options: ReadTableOptions, limits: TableLimits): OpenRows {
  const source = new NdjsonRows(limits, options.afterRow ?? 0);
  const first = source.take(start.text, start.last);
  const afterAll = (options.afterRow ?? 0) > 0;
  if (!afterAll && first.length > 0 && first.every((row) => row.error?.code === 'search.file_row_json')) {
    const message =
      'No line at the start of the file is a JSON object. Write each object on one line of its own.';
    throw new Failure('search.file_format', message);
  }
  return { columns: source.columns, delimiter: undefined, first, source, finished: start.last };
}

async function openCsv(
  start: Text,
  texts: AsyncGenerator<Text>,
  options: ReadTableOptions,
  limits: TableLimits,
  notices: Notice[],
): Promise<OpenRows> {
  // Excel's own first line that names the delimiter.
  const separator = /^sep=(.)\r?\n/i.exec(start.text);
  const text = separator ? start.text.slice(separator[0].length) : start.text;
  const delimiter = options.delimiter ?? separator?.[1] ?? sniffDelimiter(text, start.last);
  if (!/^[^"\r\n\0]$/.test(delimiter)) {
    const message = `The delimiter is one character and no quote or line break, such as ${delimiters.join(' ')}.`;
    throw new Failure('search.file_format', message);
  }

  const attempt = { text, last: start.last };
  const probe = new CsvScanner({ delimiter, spaceAfterDelimiter: false }, limits).scan(text, false)[0];
  const spaceAfterDelimiter = sniffSpaceAfterDelimiter(probe?.values ?? []);
  const scanner = new CsvScanner({ delimiter, spaceAfterDelimiter }, limits, separator ? 2 : 1);
  if (spaceAfterDelimiter) {
    const message = 'Spaces after the delimiters were taken for layout and dropped.';
    notices.push({ code: 'spaces_dropped', message });
  }

  const records = await firstRecords(scanner, attempt, texts);
  const [header] = records;
  if (!header) throw emptyFile('The file holds no rows.');
  if (header.error)
    throw new Failure('search.file_header', `The first row can't be read. ${header.error.message}`);
  const columns = columnsOf(header.values, options, limits, notices);
  const rows = new CsvRows(scanner, columns.length, options.afterRow ?? 0);
  const data = options.header === 'absent' ? records : records.slice(1);
  return { columns, delimiter, first: rows.of(data), source: rows, finished: attempt.last };
}

/** Reads on until there is a record: a header may be longer than a block. `at` moves along. */
async function firstRecords(
  scanner: CsvScanner,
  at: Text,
  texts: AsyncGenerator<Text>,
): Promise<CsvRecord[]> {
  for (;;) {
    const records = scanner.scan(at.text, at.last);
    if (records.length > 0 || at.last) return records;
    const { value } = await texts.next();
    Object.assign(at, value);
  }
}

function columnsOf(
  cells: readonly string[],
  options: ReadTableOptions,
  limits: TableLimits,
  notices: Notice[],
): readonly string[] {
  if (options.header === 'absent') return numberedColumns(cells.length, limits);
  if (options.header !== 'present') refuseDataAsHeader(cells);
  const { columns, renamed } = checkHeader(cells, limits, options.headerProblems ?? 'fail');
  if (renamed) {
    const message = 'Columns without a name, or with a name that came before, were numbered.';
    notices.push({ code: 'columns_renamed', message });
  }
  return columns;
}
