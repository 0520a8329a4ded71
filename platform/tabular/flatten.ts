import type { ErrorCode } from '../../domain/errors.ts';
import type { TableLimits } from './limits.ts';

export class RowProblem extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A number whose text JSON.parse would not give back: long, fractional or with an exponent. */
const inexactNumber = /\d{16}|\d\.\d|\d[eE][-+]?\d/;

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** JSON.parse with the third argument of ES2025 that TypeScript's library does not know yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

function parse(line: string): unknown {
  if (!inexactNumber.test(line)) return JSON.parse(line);
  return parseWithSource(line, (_key, value, { source }) => (typeof value === 'number' ? source : value));
}

/**
 * Turns a line of NDJSON into text by column. A member of the object is a column of its name; what lies deeper is
 * named by its JSON pointer (RFC 6901), `/address/city` or `/phones/0`. Numbers keep the digits they were written
 * with; null is no value.
 * @throws RowProblem when the line is no object, nests too deep, or holds text that can't be stored.
 */
export function flattenJsonLine(line: string, limits: TableLimits): Map<string, string> {
  let row: unknown;
  try {
    row = parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RowProblem('search.file_row_json', 'The line is not JSON.');
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new RowProblem('search.file_row_json', 'The line is not a JSON object.');
  }
  const cells = new Map<string, string>();
  for (const [key, value] of Object.entries(row)) {
    // A name that starts like a pointer is written as one, so that no two values share a column.
    const pointer = `/${escape(key)}`;
    collect(value, key.startsWith('/') || key === '' ? pointer : key, pointer, 1, cells, limits);
  }
  return cells;
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function collect(
  value: unknown,
  name: string,
  pointer: string,
  depth: number,
  cells: Map<string, string>,
  limits: TableLimits,
): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'object') {
    if (depth >= limits.maxDepth) {
      throw new RowProblem('search.file_row_nested', `The row nests deeper than ${limits.maxDepth} levels.`);
    }
    for (const [key, inner] of Object.entries(value)) {
      const deeper = `${pointer}/${escape(key)}`;
      collect(inner, deeper, deeper, depth + 1, cells, limits);
    }
    return;
  }
  if (cells.size >= limits.maxColumns) throw tooManyColumns(limits);
  cells.set(checked(name, limits), checked(String(value as string | number | boolean), limits));
}

export function tooManyColumns(limits: TableLimits): RowProblem {
  const message = `With this row the file has more than ${limits.maxColumns} columns.`;
  return new RowProblem('search.file_row_too_many_columns', message);
}

function checked(text: string, limits: TableLimits): string {
  if (text.length > limits.maxCell) {
    const message = `A value holds more than ${limits.maxCell} characters.`;
    throw new RowProblem('search.file_row_cell_too_long', message);
  }
  // JSON can spell both; PostgreSQL and UTF-8 can't.
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new RowProblem('search.file_row_text', 'The row holds a zero character or half a surrogate pair.');
  }
  return text;
}
