/** How dates are written in a file. `as_written` hands them on as they are; the search then reads day first. */
export const dateFormats = ['as_written', 'YYYYMMDD', 'YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY'] as const;
export type DateFormat = (typeof dateFormats)[number];

const yearLast = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[ T].*)?$/;
const yearFirst = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[ T].*)?$/;
const digitsOnly = /^(\d{4})(\d{2})(\d{2})$/;

/**
 * Writes a date as ISO 8601, read by the file's format with any of the separators `/ - .` or a space; a time of day
 * is dropped. What does not fit the format, or is no month or day, stays as it was: a mistyped date of birth still
 * agrees with itself in most of its digits.
 */
export function toIsoDate(raw: string, format: DateFormat): string {
  if (format === 'as_written') return raw;
  const pattern = format === 'YYYYMMDD' ? digitsOnly : format === 'YYYY-MM-DD' ? yearFirst : yearLast;
  const [, a = '', b = '', c = ''] = pattern.exec(raw) ?? [];
  const [year, month, day] =
    format === 'DD/MM/YYYY' ? [c, b, a] : format === 'MM/DD/YYYY' ? [c, a, b] : [a, b, c];
  if (!isMonthAndDay(month, day)) return raw;
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function isMonthAndDay(month: string, day: string): boolean {
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}

/** Whether a value is a whole date in one of the formats, with a year in which somebody alive or dead was born. */
export function looksLikeDate(value: string): boolean {
  const found = yearFirst.exec(value) ?? digitsOnly.exec(value);
  const last = yearLast.exec(value);
  const year = Number(found?.[1] ?? last?.[3]);
  if (!(year >= 1850 && year <= 2100)) return false;
  if (found) return isMonthAndDay(found[2] ?? '', found[3] ?? '');
  const [, a = '', b = ''] = last ?? [];
  return isMonthAndDay(a, b) || isMonthAndDay(b, a);
}

/** The format that the most of some dates have. `sure` is false when day and month can't be told apart. */
export function guessDateFormat(samples: readonly string[]): { format: DateFormat; sure: boolean } {
  const counts = { digits: 0, first: 0, dayFirst: 0, monthFirst: 0, either: 0 };
  for (const sample of samples.filter(looksLikeDate)) {
    const last = yearLast.exec(sample);
    if (digitsOnly.test(sample)) counts.digits += 1;
    else if (!last) counts.first += 1;
    else if (Number(last[1]) > 12) counts.dayFirst += 1;
    else if (Number(last[2]) > 12) counts.monthFirst += 1;
    else counts.either += 1;
  }
  const { digits, first, dayFirst, monthFirst, either } = counts;
  const slashed = dayFirst + monthFirst + either;
  if (digits + first + slashed === 0) return { format: 'as_written', sure: false };
  if (digits >= Math.max(first, slashed)) return { format: 'YYYYMMDD', sure: true };
  if (first >= slashed) return { format: 'YYYY-MM-DD', sure: true };
  if (monthFirst > dayFirst) return { format: 'MM/DD/YYYY', sure: dayFirst === 0 };
  return { format: 'DD/MM/YYYY', sure: dayFirst > 0 && monthFirst === 0 };
}
