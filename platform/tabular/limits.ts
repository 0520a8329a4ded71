/** What a table file may be at most. Sizes of text are in UTF-16 code units, as JavaScript counts them. */
export interface TableLimits {
  /** Bytes of the file after decompression. */
  maxBytes: number;
  /** Rows of data. */
  maxRows: number;
  /** Characters of one record, or of one line of NDJSON. A longer one is an error on its row. */
  maxRecord: number;
  /**
   * Characters that are read past in search of the end of a record that is too long. Beyond it the file is given up:
   * most likely a quote was opened and never closed.
   */
  maxSkipped: number;
  maxColumns: number;
  /** Characters of one cell. A longer one is an error on its row. */
  maxCell: number;
  /** Levels of nesting in a row of NDJSON. */
  maxDepth: number;
  /**
   * How many times larger a file may become by decompression. Tables of people come to 3–30 times; gzip can reach
   * 1,032. Judged from 32 MiB on, so that a small, repetitive file is welcome.
   */
  maxRatio: number;
}

export const defaultLimits: TableLimits = {
  maxBytes: 2 * 1024 ** 3,
  maxRows: 1_000_000,
  maxRecord: 1024 ** 2,
  maxSkipped: 64 * 1024 ** 2,
  maxColumns: 1_000,
  maxCell: 100_000,
  maxDepth: 8,
  maxRatio: 200,
};
