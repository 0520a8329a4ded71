import { bits, type Evidence } from './evidence.ts';
import type { Frequency } from './frequency.ts';
import { editDistance } from './similarity.ts';

/** m by level; u is how many of about 30,000 days of birth lie in the level, the exact level by its own frequency. */
const m = {
  exact: 0.85,
  close: 0.06,
  swapped: 0.01,
  yearOff: 0.02,
  monthOff: 0.02,
  yearOnly: 0.9,
  different: 0.03,
};
const u = {
  close: 30 / 30_000,
  swapped: 1 / 30_000,
  yearOff: 40 / 30_000,
  monthOff: 45 / 30_000,
  year: 1 / 70,
};

/** Dates of birth as `YYYYMMDD`: one wrong digit, day and month swapped, other year, year alone. */
export function compareBirthDates(query: string, person: string, frequency: Frequency): Evidence[] {
  if (query === '' || person === '') return [];
  const [level, weight] = compare(query, person, frequency);
  return [{ field: 'date_of_birth', level, weight, query: written(query), value: written(person) }];
}

function compare(query: string, person: string, frequency: Frequency): [string, number] {
  const sameYear = query.slice(0, 4) === person.slice(0, 4);
  const yearOnly = isYearOnly(query) || isYearOnly(person);
  if (query === person) {
    const common = Math.max(frequency('d', query), frequency('d', person));
    return ['exact', bits(yearOnly ? m.yearOnly : m.exact, common)];
  }
  if (yearOnly && sameYear) return ['year', bits(m.yearOnly / 2, u.year)];
  const [month, day] = [query.slice(4, 6), query.slice(6, 8)];
  if (sameYear && month === person.slice(6, 8) && day === person.slice(4, 6)) {
    return ['swapped', bits(m.swapped, u.swapped)];
  }
  if (editDistance(query, person, 1) === 1) return ['close', bits(m.close, u.close)];
  if (yearOnly) {
    const near = Math.abs(Number(query.slice(0, 4)) - Number(person.slice(0, 4))) <= 1;
    return near ? ['similar', 0] : ['different', bits(m.different * 2, 1)];
  }
  if (query.slice(4) === person.slice(4)) return ['year_differs', bits(m.yearOff, u.yearOff)];
  if (sameYear && (month === person.slice(4, 6) || day === person.slice(6, 8))) {
    return ['similar', bits(m.monthOff, u.monthOff)];
  }
  if (editDistance(query, person, 2) === 2) return ['similar', bits(m.monthOff, u.monthOff * 3)];
  return ['different', bits(m.different, 1)];
}

/** The first of January is what is written when only the year is known. */
function isYearOnly(born: string): boolean {
  return born.endsWith('0101') || born.endsWith('0000');
}

function written(born: string): string {
  return `${born.slice(0, 4)}-${born.slice(4, 6)}-${born.slice(6, 8)}`;
}
