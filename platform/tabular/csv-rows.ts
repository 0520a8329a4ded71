import type { CsvRecord, CsvScanner } from './csv-scanner.ts';
import type { TableRow } from './table.ts';

/** Makes rows of the records after the header: numbered, and checked for the number of columns. */
export class CsvRows {
  private readonly scanner: CsvScanner;
  private readonly columns: number;
  private readonly afterRow: number;
  private rowNo = 0;

  /** @param afterRow rows up to this number are read past. */
  constructor(scanner: CsvScanner, columns: number, afterRow: number) {
    this.scanner = scanner;
    this.columns = columns;
    this.afterRow = afterRow;
  }

  get count(): number {
    return this.rowNo;
  }

  /** The rows that are complete with this piece of text. */
  take(piece: string, last: boolean): TableRow[] {
    return this.of(this.scanner.scan(piece, last, this.afterRow - this.rowNo));
  }

  of(records: readonly CsvRecord[]): TableRow[] {
    const rows: TableRow[] = [];
    for (const record of records) {
      this.rowNo += 1;
      if (this.rowNo > this.afterRow) rows.push(this.row(record));
    }
    return rows;
  }

  private row(record: CsvRecord): TableRow {
    const row: TableRow = { rowNo: this.rowNo, ...record };
    if (row.error) return row;
    const { values } = row;
    // A delimiter at the end of a row adds an empty value that nothing is lost with.
    while (values.length > this.columns && values.at(-1) === '') values.pop();
    if (values.length !== this.columns) {
      const message = `The row has ${values.length} columns, the header has ${this.columns}.`;
      row.error = { code: 'search.file_row_ragged', message };
    } else if (values.some((value) => value.includes('\0'))) {
      row.error = { code: 'search.file_row_text', message: 'The row holds a zero character.' };
    }
    return row;
  }
}
