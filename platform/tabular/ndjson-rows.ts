import { Failure } from '../../domain/failure.ts';
import { flattenJsonLine, RowProblem, tooManyColumns } from './flatten.ts';
import type { TableLimits } from './limits.ts';
import type { RowError, TableRow } from './table.ts';

/** Makes rows of lines of JSON, fed in pieces. */
export class NdjsonRows {
  /** Names in order of appearance. */
  readonly columns: string[] = [];

  private readonly places = new Map<string, number>();
  private readonly limits: TableLimits;
  private readonly afterRow: number;
  private rest = '';
  /** Characters of the line that is too long to keep. */
  private skipped = 0;
  private line = 0;
  private rowNo = 0;

  /** @param afterRow rows up to this number are read past; their keys still make columns, in the same order. */
  constructor(limits: TableLimits, afterRow: number) {
    this.limits = limits;
    this.afterRow = afterRow;
  }

  get count(): number {
    return this.rowNo;
  }

  /**
   * The rows that are complete with this piece of text.
   * @throws Failure `search.file_truncated` when the file ends inside a line, `search.file_record_too_long`.
   */
  take(piece: string, last: boolean): TableRow[] {
    const rows: TableRow[] = [];
    const text = this.rest + piece;
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.add(text.slice(start, end), rows);
      start = end + 1;
    }
    this.rest = text.slice(start);
    if (last && (this.rest.trim() !== '' || this.skipped > 0)) {
      this.add(this.rest, rows);
      this.rest = '';
      // Only the last line lacks a line break; if it isn't whole, the file isn't.
      if (rows.at(-1)?.error?.code === 'search.file_row_json') throw this.cutOff();
    }
    if (this.skipped > 0 || this.rest.length > this.limits.maxRecord) {
      this.skipped += this.rest.length;
      this.rest = '';
      if (this.skipped > this.limits.maxSkipped) throw this.endless();
    }
    return rows.filter((row) => row.rowNo > this.afterRow);
  }

  private add(text: string, rows: TableRow[]): void {
    this.line += 1;
    const tooLong = this.skipped > 0 || text.length > this.limits.maxRecord;
    this.skipped = 0;
    if (!tooLong && text.trim() === '') return;
    this.rowNo += 1;
    const place = { rowNo: this.rowNo, line: this.line };
    if (tooLong) {
      const message = `The row is longer than ${this.limits.maxRecord} characters.`;
      rows.push({ ...place, values: [], error: { code: 'search.file_row_too_long', message } });
      return;
    }
    const values: string[] = [];
    const error = this.fill(text, values);
    rows.push(error ? { ...place, values: [], error } : { ...place, values });
  }

  private fill(text: string, values: string[]): RowError | undefined {
    try {
      const cells = flattenJsonLine(text, this.limits);
      const fresh = [...cells.keys()].filter((name) => !this.places.has(name));
      if (this.columns.length + fresh.length > this.limits.maxColumns) throw tooManyColumns(this.limits);
      for (const name of fresh) this.places.set(name, this.columns.push(name) - 1);
      for (let i = 0; i < this.columns.length; i += 1) values.push('');
      for (const [name, value] of cells) values[this.places.get(name) ?? -1] = value;
      return undefined;
    } catch (error) {
      if (error instanceof RowProblem) return { code: error.code, message: error.message };
      throw error;
    }
  }

  private cutOff(): Failure {
    const message = `The file ends in the middle of line ${this.line}: it was cut off.`;
    return new Failure('search.file_truncated', message, { line: this.line });
  }

  private endless(): Failure {
    const line = this.line + 1;
    const message = `Line ${line} does not end within ${this.limits.maxSkipped} characters.`;
    return new Failure('search.file_record_too_long', message, { line });
  }
}
