import type { ErrorCode } from '../../domain/errors.ts';

/** What is wrong with one row. */
export interface RowError {
  code: ErrorCode;
  message: string;
}

/** One row of data. */
export interface TableRow {
  /** 1 for the first row of data. Every row counts, also one with an error; blank lines don't. The same at each reading. */
  rowNo: number;
  /** Line of the decompressed file on which the row begins; the first line is 1. */
  line: number;
  /** Text by column, in the order of `columns`. A column that came up later than this row is missing at the end. */
  values: string[];
  error?: RowError;
}

/** Something the reader assumed, for the person who sent the file to check. */
export interface Notice {
  code: 'encoding_assumed' | 'spaces_dropped' | 'columns_renamed';
  message: string;
}

/** A table file that has been opened. */
export interface Table {
  readonly format: 'csv' | 'ndjson';
  readonly compression: 'gzip' | 'none';
  /** WHATWG label. A file that starts in plain ASCII is `utf-8` until other characters tell. */
  readonly encoding: string;
  /** Of CSV only. */
  readonly delimiter: string | undefined;
  /**
   * Names of the columns. In NDJSON the list grows while rows are read: the first rows' keys, then each new key in
   * order of appearance; a value inside an object or array is named by its JSON pointer, such as `/address/city`.
   */
  readonly columns: readonly string[];
  /** Grows while rows are read. */
  readonly notices: readonly Notice[];
  /** To be read once. A failure of the file is thrown where it is met; leaving the loop closes the source. */
  readonly rows: AsyncIterable<TableRow>;
  /** Bytes taken from the source so far, before decompression: with the file's length, the progress. */
  bytesRead(): number;
  /** Closes the source; for a caller that does not read the rows. */
  close(): void;
}
