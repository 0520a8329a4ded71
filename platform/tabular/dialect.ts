import { CsvScanner } from './csv-scanner.ts';
import type { CsvDialect, CsvRecord } from './csv-scanner.ts';
import { defaultLimits } from './limits.ts';

/** In order of preference. A colon is in times and URLs: only where nothing else splits. */
export const delimiters = [',', ';', '\t', '|', ':'] as const;

const SAMPLE_RECORDS = 100;

/**
 * Guesses the delimiter of CSV by its first text: the one by which the most records have as many columns as the first,
 * and of equals the one with more columns. Text that nothing splits is a single column, read with a comma.
 * @param last whether the sample is the whole file.
 */
export function sniffDelimiter(sample: string, last: boolean): string {
  let best = { delimiter: ',', agreement: 0, columns: 1 };
  for (const delimiter of delimiters) {
    if (delimiter === ':' && best.columns > 1) break;
    const records = sampleRecords(sample, last, { delimiter, spaceAfterDelimiter: false });
    const columns = records[0]?.values.length ?? 0;
    if (columns < 2) continue;
    const agreeing = records.filter((record) => record.values.length === columns && !record.error).length;
    const agreement = Math.round((agreeing / records.length) * 20);
    if (agreement > best.agreement || (agreement === best.agreement && columns > best.columns)) {
      best = { delimiter, agreement, columns };
    }
  }
  return best.delimiter;
}

/** `name, city, zip`: every name but the first begins with a space, which is layout then, in the rows too. */
export function sniffSpaceAfterDelimiter(header: readonly string[]): boolean {
  return header.length > 1 && header.slice(1).every((name) => name.startsWith(' '));
}

function sampleRecords(sample: string, last: boolean, dialect: CsvDialect): CsvRecord[] {
  // Nothing is too long here: a header that alone fills the sample is judged by what there is of it.
  const limits = { ...defaultLimits, maxRecord: Infinity };
  const records = new CsvScanner(dialect, limits).scan(last ? `${sample}\n` : sample, false);
  if (records.length > 0) return records.slice(0, SAMPLE_RECORDS);
  const firstLine = sample.split(/[\r\n]/, 1)[0] ?? '';
  return new CsvScanner(dialect, limits).scan(`${firstLine.replaceAll('"', '')}\n`, false);
}
