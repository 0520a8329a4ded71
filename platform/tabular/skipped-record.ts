import type { CsvDialect } from './csv-scanner.ts';

type State = 'cell start' | 'unquoted' | 'quoted' | 'quote in quoted';

/**
 * Finds the end of a record that is too long to keep. Fed from the record's start in pieces, it remembers only where
 * it stands; it reads quotes exactly as `CsvScanner` does.
 */
export class SkippedRecord {
  /** Line breaks inside quotes so far. */
  lineBreaks = 0;

  private readonly dialect: CsvDialect;
  private readonly maxSkipped: number;
  private state: State = 'cell start';
  private length = 0;
  private afterCr = false;

  constructor(dialect: CsvDialect, maxSkipped: number) {
    this.dialect = dialect;
    this.maxSkipped = maxSkipped;
  }

  get inQuotes(): boolean {
    return this.state === 'quoted';
  }

  get tooLong(): boolean {
    return this.length > this.maxSkipped;
  }

  /** Place of the line break that ends the record, or -1 when it goes on after this piece. */
  findEnd(piece: string): number {
    const { delimiter, spaceAfterDelimiter } = this.dialect;
    for (let at = 0; at < piece.length; at += 1) {
      const char = piece[at];
      if (this.state === 'quoted') {
        if (char === '"') this.state = 'quote in quoted';
        if (char === '\r' || (char === '\n' && !this.afterCr)) this.lineBreaks += 1;
        this.afterCr = char === '\r';
      } else if (char === '"' && this.state !== 'unquoted') {
        this.state = 'quoted';
      } else if (char === '\n' || char === '\r') {
        return at;
      } else if (char === delimiter) {
        this.state = 'cell start';
      } else if (!(this.state === 'cell start' && spaceAfterDelimiter && char === ' ')) {
        this.state = 'unquoted';
      }
    }
    this.length += piece.length;
    return -1;
  }
}
