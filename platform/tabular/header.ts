import { Failure } from '../../domain/failure.ts';
import type { Issue } from '../../domain/failure.ts';
import type { TableLimits } from './limits.ts';

/** What to do with column names that are missing or come twice: refuse the file, or number them. */
export type HeaderProblems = 'fail' | 'rename';

const LONGEST_NAME = 200;

/**
 * Checks a header's names; spaces around them are cut off.
 * @throws Failure `search.file_header` with an issue for each name that is missing, repeated or too long,
 *   `search.file_too_many_columns`.
 */
export function checkHeader(
  cells: readonly string[],
  limits: TableLimits,
  problems: HeaderProblems,
): { columns: string[]; renamed: boolean } {
  checkColumnCount(cells.length, limits);
  const names = cells.map((cell) => cell.trim());
  const firstAt = new Map<string, number>();
  const issues: Issue[] = [];
  names.forEach((name, i) => {
    const first = firstAt.get(name);
    if (name === '') {
      issues.push({ pointer: `/columns/${i}`, message: `Column ${i + 1} has no name.` });
    } else if (first !== undefined) {
      const message = `Column ${i + 1} has the same name as column ${first + 1}.`;
      issues.push({ pointer: `/columns/${i}`, message });
    } else {
      firstAt.set(name, i);
    }
  });
  if (problems === 'rename' && issues.length > 0)
    return { columns: uniqueNames(names, firstAt), renamed: true };

  names.forEach((name, i) => {
    if (name.length <= LONGEST_NAME) return;
    const message = `The name of column ${i + 1} is longer than ${LONGEST_NAME} characters.`;
    issues.push({ pointer: `/columns/${i}`, message });
  });
  if (issues.length > 0) {
    const message = 'The first row must name every column, each by a name of its own.';
    throw new Failure('search.file_header', message, { issues });
  }
  return { columns: names, renamed: false };
}

/** Names for the columns of a file without a header. */
export function numberedColumns(count: number, limits: TableLimits): string[] {
  checkColumnCount(count, limits);
  return Array.from({ length: count }, (_, i) => `column_${i + 1}`);
}

/**
 * Refuses a first row that is data: it holds an e-mail address, or a date or number in half its cells.
 * @throws Failure `search.file_header`.
 */
export function refuseDataAsHeader(cells: readonly string[]): void {
  const filled = cells.map((cell) => cell.trim()).filter((cell) => cell !== '');
  const values = filled.filter((cell) => /^[+(]?\d[\d\s().,/:-]*$/.test(cell));
  const data =
    values.length * 2 >= Math.max(filled.length, 1) || filled.some((cell) => /^\S+@\S+\.\S+$/.test(cell));
  if (!data) return;
  const message =
    'The first row looks like data, not like column names. Add a header row, or say that the file has none (or that this is it).';
  throw new Failure('search.file_header', message);
}

function checkColumnCount(count: number, limits: TableLimits): void {
  if (count <= limits.maxColumns) return;
  const message = `The file has ${count} columns; at most ${limits.maxColumns} are allowed.`;
  throw new Failure('search.file_too_many_columns', message, { maxColumns: limits.maxColumns });
}

function uniqueNames(names: readonly string[], taken: ReadonlyMap<string, number>): string[] {
  const used = new Set(taken.keys());
  return names.map((name, i) => {
    if (name !== '' && taken.get(name) === i) return name;
    const base = name === '' ? `column_${i + 1}` : name;
    let unique = name === '' ? base : `${base} (2)`;
    for (let n = 2; used.has(unique); n += 1) unique = `${base} (${n})`;
    used.add(unique);
    return unique;
  });
}
