import type { Writable } from 'node:stream';
import { once } from 'node:events';
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

/** What a reader would take for the end of a cell, or cut off. */
const quoteWorthy = /["\r\n]|^\s|\s$/;

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

  constructor(out: Writable, columns: readonly string[], options: TableWriterOptions) {
    this.out = out;
    this.columns = columns;
    this.options = options;
    // Without a listener an error between two writes would end the process; the next write throws it.
    out.on('error', () => undefined);
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

  /** By hand: result files have some forty cells a row, and a general writer took a tenth of a batch's time. */
  private csv(rows: readonly (readonly CellValue[])[]): string {
    const delimiter = this.options.delimiter ?? ',';
    let text = '';
    for (const row of rows) {
      for (let at = 0; at < row.length; at += 1) {
        if (at > 0) text += delimiter;
        text += this.quoted(this.csvCell(row[at] ?? null), delimiter);
      }
      text += '\r\n';
    }
    return text;
  }

  /** Outer spaces would be taken for layout, and an only cell without quotes for a blank line. */
  private quoted(cell: string, delimiter: string): string {
    if (cell === '') return this.columns.length === 1 ? '""' : '';
    if (!quoteWorthy.test(cell) && !cell.includes(delimiter)) return cell;
    return `"${cell.replaceAll('"', '""')}"`;
  }

  private csvCell(value: CellValue): string {
    if (value === null) return '';
    if (typeof value !== 'string') return String(value);
    return (this.options.neutralizeFormulas ?? true) ? neutralizeFormula(value) : value;
  }

  /** Written member by member: an object would put names that are numbers first. */
  private ndjson(rows: readonly (readonly CellValue[])[]): string {
    const names = this.columns.map((name) => JSON.stringify(name));
    return rows
      .map((row) => `{${names.map((name, i) => `${name}:${JSON.stringify(row[i] ?? null)}`).join(',')}}\n`)
      .join('');
  }

  private async send(text: string): Promise<void> {
    if (this.out.destroyed) throw this.out.errored ?? closedEarly();
    if (text !== '' && !this.out.write(text)) await this.drained();
  }

  private async drained(): Promise<void> {
    const closed = new AbortController();
    const onClose = (): void => closed.abort();
    this.out.once('close', onClose);
    try {
      await once(this.out, 'drain', { signal: closed.signal });
    } catch (error) {
      // An error closes the stream in the same turn: it is the reason, not the closing.
      throw this.out.errored ?? (closed.signal.aborted ? closedEarly() : error);
    } finally {
      this.out.off('close', onClose);
    }
  }
}

function closedEarly(): Error {
  return new Error('The output was closed before the table was written.');
}
