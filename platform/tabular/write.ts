import type { Writable } from 'node:stream';
import { once } from 'node:events';
import { stringify } from 'csv-stringify/sync';
import { neutralizeFormula } from './formula.ts';

export interface TableWriterOptions {
  format: 'csv' | 'ndjson';
  /** Of CSV only; a comma when left out. */
  delimiter?: string;
  /** Starts CSV with a byte order mark, by which Excel knows UTF-8. */
  byteOrderMark?: boolean;
  /** Of CSV only: see `neutralizeFormula`. On unless a program is known to be the only reader. */
  neutralizeFormulas?: boolean;
}

/** A value of a cell. Null is an empty cell of CSV and `null` of NDJSON. */
export type CellValue = string | number | boolean | null;

/**
 * Writes a table to a stream in UTF-8: CSV by RFC 4180 (CRLF, quotes where needed) or NDJSON. Waits while the stream
 * is full, so memory stays flat however slow the reader is. The caller ends the stream.
 */
export class TableWriter {
  /** Rows written. */
  rows = 0;

  private readonly out: Writable;
  private readonly columns: readonly string[];
  private readonly options: TableWriterOptions;
  private started = false;
  private failure: unknown;

  constructor(out: Writable, columns: readonly string[], options: TableWriterOptions) {
    this.out = out;
    this.columns = columns;
    this.options = options;
    out.once('error', (error) => {
      this.failure = error;
    });
  }

  /**
   * Writes rows, each with one value for each column, and returns when the stream has room again. Many rows at once
   * cost less than many calls.
   * @throws the stream's error.
   */
  async write(rows: readonly (readonly CellValue[])[]): Promise<void> {
    const text = this.start() + (this.options.format === 'csv' ? this.csv(rows) : this.ndjson(rows));
    this.rows += rows.length;
    await this.send(text);
  }

  /** Writes the header, if no row has brought it yet: a table without rows still names its columns. */
  async finish(): Promise<void> {
    await this.send(this.start());
  }

  private start(): string {
    if (this.started) return '';
    this.started = true;
    if (this.options.format === 'ndjson') return '';
    return (this.options.byteOrderMark ? '\ufeff' : '') + this.csv([this.columns]);
  }

  private csv(rows: readonly (readonly CellValue[])[]): string {
    const neutralize = this.options.neutralizeFormulas ?? true;
    return stringify(
      rows.map((row) =>
        row.map((value) => (neutralize && typeof value === 'string' ? neutralizeFormula(value) : value)),
      ),
      {
        delimiter: this.options.delimiter ?? ',',
        record_delimiter: 'windows',
        cast: { boolean: String, number: String },
        // What would be taken for a blank line, for layout or for another line break is put in quotes.
        quoted_match: /^$|^\s|\s$|\r/,
        quoted_empty: this.columns.length === 1,
      },
    );
  }

  private ndjson(rows: readonly (readonly CellValue[])[]): string {
    return rows
      .map((row) => {
        const entries = this.columns.map((name, i) => [name, row[i] ?? null] as const);
        return `${JSON.stringify(Object.fromEntries(entries))}\n`;
      })
      .join('');
  }

  private async send(text: string): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.out.destroyed) throw new Error('The output was closed before the table was written.');
    if (text !== '' && !this.out.write(text)) await once(this.out, 'drain');
  }
}
