import { Failure } from '../../domain/failure.ts';
import type { TableLimits } from './limits.ts';
import { SkippedRecord } from './skipped-record.ts';
import type { RowError } from './table.ts';

/** One record of CSV as it stands in the file; the header is one too. */
export interface CsvRecord {
  line: number;
  values: string[];
  error?: RowError;
}

export interface CsvDialect {
  /** One character. */
  delimiter: string;
  /** Spaces after a delimiter belong to the layout, not to the value (`a, b, "c"`). */
  spaceAfterDelimiter: boolean;
}

const QUOTE = 0x22;
const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts text into the records of RFC 4180, with any delimiter and any line break (LF, CRLF, CR, also mixed), fed in
 * pieces. Lenient where the meaning is clear: a quote inside an unquoted value is a quote. Text after a closing quote
 * is an error on its row. A record that is too long is an error on its row too, and is not kept while its end is
 * searched: csv-parse raises its `max_record_size` again at every character from there on, and keeps them all, which
 * is why it checks this scanner in the tests and does not replace it.
 */
export class CsvScanner {
  private readonly dialect: CsvDialect;
  private readonly limits: TableLimits;
  private readonly delimiter: number;
  /** Text from the start of an unfinished record. */
  private rest = '';
  private skipped: SkippedRecord | undefined;
  private line: number;
  private afterCr = false;
  // Of the record that is being read:
  private values: string[] = [];
  private lineBreaks = 0;
  private error: RowError | undefined;

  /** @param line number of the line that the text begins on. */
  constructor(dialect: CsvDialect, limits: TableLimits, line = 1) {
    this.line = line;
    this.dialect = dialect;
    this.limits = limits;
    this.delimiter = dialect.delimiter.charCodeAt(0);
  }

  /**
   * The records that this piece completes.
   * @param last whether the file ends here.
   * @param passOver how many records to read past without their values: cheaper, for a reader that goes on.
   * @throws Failure `search.file_truncated` when the file ends inside quotes, `search.file_record_too_long`.
   */
  scan(piece: string, last: boolean, passOver = 0): CsvRecord[] {
    const records: CsvRecord[] = [];
    const text = this.rest === '' ? piece : this.rest + piece;
    let at = this.skipped ? this.finishSkipped(text, last, records) : 0;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === LF || code === CR) {
        // A blank line, or the line feed of a CRLF whose halves came apart.
        if (!(code === LF && this.afterCr)) this.line += 1;
        this.afterCr = code === CR;
        at += 1;
        continue;
      }
      const end = this.readRecord(text, at, last, records.length >= passOver);
      if (end === -1) break;
      if (!this.isBlank(text, at, end)) records.push(this.record(end - at > this.limits.maxRecord));
      at = end;
      this.endLine(text.charCodeAt(end));
      if (end < text.length) at += 1;
    }
    this.rest = text.slice(at);
    if (last && this.rest !== '') throw this.unclosedQuote();
    if (this.rest.length > this.limits.maxRecord) {
      this.skipped = new SkippedRecord(this.dialect, this.limits.maxSkipped);
      this.rest = '';
      this.finishSkipped(text.slice(at), last, records);
    }
    return records;
  }

  /** A line of spaces only is a blank line, not a row of one value. */
  private isBlank(text: string, from: number, end: number): boolean {
    return this.values.length === 1 && /\s/.test(text.charAt(from)) && text.slice(from, end).trim() === '';
  }

  private record(tooLong: boolean): CsvRecord {
    const { line, values, error } = this;
    this.line += this.lineBreaks;
    if (tooLong) return { line, values: [], error: this.tooLong() };
    return error ? { line, values, error } : { line, values };
  }

  private tooLong(): RowError {
    return {
      code: 'search.file_row_too_long',
      message: `The row is longer than ${this.limits.maxRecord} characters.`,
    };
  }

  private endLine(code: number): void {
    this.line += 1;
    this.afterCr = code === CR;
  }

  private finishSkipped(text: string, last: boolean, records: CsvRecord[]): number {
    const skipped = this.skipped;
    if (!skipped) return 0;
    const end = skipped.findEnd(text);
    if (end === -1 && !last) {
      if (skipped.tooLong) throw this.recordTooLong(skipped.inQuotes);
      this.rest = '';
      return text.length;
    }
    if (end === -1 && skipped.inQuotes) throw this.unclosedQuote();
    records.push({ line: this.line, values: [], error: this.tooLong() });
    this.line += skipped.lineBreaks;
    this.skipped = undefined;
    if (end === -1) return text.length;
    this.endLine(text.charCodeAt(end));
    return end + 1;
  }

  private unclosedQuote(): Failure {
    const message = `The file ends inside quotes that were opened in the row on line ${this.line}: it was cut off, or a quote is missing there.`;
    return new Failure('search.file_truncated', message, { line: this.line });
  }

  private recordTooLong(inQuotes: boolean): Failure {
    const why = inQuotes ? ': a quote was probably opened there and never closed' : '';
    const message = `The row on line ${this.line} does not end within ${this.limits.maxSkipped} characters${why}.`;
    return new Failure('search.file_record_too_long', message, { line: this.line });
  }

  /** Reads one record from `start` into the fields above; returns the place of its line break or end, -1 if it isn't all here. */
  private readRecord(text: string, start: number, last: boolean, keep: boolean): number {
    const { delimiter, limits } = this;
    const { length } = text;
    this.values = [];
    this.lineBreaks = 0;
    this.error = undefined;
    for (let at = start; ; at += 1) {
      if (this.dialect.spaceAfterDelimiter) while (text.charCodeAt(at) === SPACE) at += 1;
      let value: string;
      if (text.charCodeAt(at) === QUOTE) {
        const close = this.closingQuote(text, at + 1, last);
        if (close === -1) return -1;
        value = keep ? text.slice(at + 1, close) : '';
        if (keep && value.includes('"')) value = value.replaceAll('""', '"');
        const after = close + 1;
        at = this.valueEnd(text, after);
        if (at > after && text.slice(after, at).trim() !== '') this.strayText();
      } else {
        const from = at;
        // valueEnd() by hand: this loop sees most characters of the file.
        for (; at < length; at += 1) {
          const code = text.charCodeAt(at);
          if (code === delimiter || code === LF || code === CR) break;
        }
        value = keep ? text.slice(from, at) : '';
      }
      if (at >= length && !last) return -1;
      this.values.push(value);
      if (value.length > limits.maxCell) {
        const message = `Column ${this.values.length} holds more than ${limits.maxCell} characters.`;
        this.error ??= { code: 'search.file_row_cell_too_long', message };
      }
      if (at >= length || text.charCodeAt(at) !== delimiter) return at;
    }
  }

  /** Place of the quote that closes, counting the line breaks on the way; -1 if it isn't known yet. */
  private closingQuote(text: string, from: number, last: boolean): number {
    let at = text.indexOf('"', from);
    while (at !== -1 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2);
    if (at === -1 || (at + 1 === text.length && !last)) return -1;
    for (let i = from; i < at; i += 1) {
      const code = text.charCodeAt(i);
      if (code === LF || (code === CR && text.charCodeAt(i + 1) !== LF)) this.lineBreaks += 1;
    }
    return at;
  }

  private valueEnd(text: string, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === this.delimiter || code === LF || code === CR) return at;
    }
    return text.length;
  }

  private strayText(): void {
    const message = `Column ${this.values.length + 1} goes on after its closing quote; a quote inside a quoted value is written twice.`;
    this.error ??= { code: 'search.file_row_quote', message };
  }
}
