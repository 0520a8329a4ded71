/** A date of birth as far as it is known; month and day are 0 where they are not. */
export interface BirthDate {
  year: number;
  month: number;
  day: number;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Reads a date of birth: ISO 8601 (also with a time), `YYYYMMDD`, `DD/MM/YYYY` or `MM/DD/YYYY` (when both would do, the
 * day is taken to be first), `1 Jan 1990`, `YYYY-MM`, `YYYY`. Null when no year can be read. Impossible months and days
 * are kept as written: a mistyped date still agrees with itself in most of its digits.
 */
export function readBirthDate(raw: string | undefined): BirthDate | null {
  if (raw === undefined) return null;
  const text = raw.normalize('NFKC').trim().toLowerCase();
  const yearFirst = /^(\d{4})(?:[-/. ]?(\d{2}))?(?:[-/. ]?(\d{2}))?(?:[t ].*)?$/.exec(text);
  if (yearFirst) return date(yearFirst[1], yearFirst[2], yearFirst[3]);
  const looseYearFirst = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})$/.exec(text);
  if (looseYearFirst) return date(looseYearFirst[1], looseYearFirst[2], looseYearFirst[3]);
  const yearLast = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$/.exec(text);
  if (yearLast) {
    const [first, second] = [Number(yearLast[1]), Number(yearLast[2])];
    const american = second > 12 && first <= 12;
    return american
      ? { year: Number(yearLast[3]), month: first, day: second }
      : { year: Number(yearLast[3]), month: second, day: first };
  }
  const year = /(?<!\d)(\d{4})(?!\d)/.exec(text)?.[1];
  const word = /[a-z]{3,}/.exec(text)?.[0];
  const month = word === undefined ? -1 : months.indexOf(word.slice(0, 3));
  if (year === undefined || month < 0) return null;
  const day = /(?<!\d)(\d{1,2})(?!\d)/.exec(text)?.[1];
  return { year: Number(year), month: month + 1, day: Number(day ?? 0) };
}

function date(year: string | undefined, month: string | undefined, day: string | undefined): BirthDate {
  return { year: Number(year), month: Number(month ?? 0), day: Number(day ?? 0) };
}

/** `YYYYMMDD`, unknown parts as zeros. */
export function birthDateDigits(date: BirthDate): string {
  return (
    String(date.year).padStart(4, '0') +
    String(date.month).padStart(2, '0') +
    String(date.day).padStart(2, '0')
  );
}
