import { targetByName } from './column-names.ts';
import type { ColumnTarget } from './column-names.ts';
import { guessDateFormat } from './date-format.ts';
import { mappingSchema } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { shapeOf } from './value-shapes.ts';
import type { ValueShape } from './value-shapes.ts';

export interface TargetGuess {
  target: ColumnTarget;
  /** 0–1. */
  confidence: number;
}

export interface ColumnGuess {
  column: string;
  /** What the mapping takes the column for; null when it is left out. */
  target: ColumnTarget | null;
  confidence: number;
  /** What else it may be, the likeliest first. */
  alternatives: TargetGuess[];
}

export interface MappingGuess {
  mapping: Mapping;
  columns: ColumnGuess[];
  /** What a person should look at before trusting the mapping. */
  questions: string[];
}

const mappedFrom = 0.5;

interface Candidate extends TargetGuess {
  column: string;
}

/**
 * Guesses which columns of a table say what, by what they are called and how their values look. Each field takes the
 * column that fits best; phones and e-mails take all that fit.
 * @param sample values of the first rows, in the order of `columns`; some 100 are plenty.
 */
export function guessMapping(
  columns: readonly string[],
  sample: readonly (readonly string[])[],
): MappingGuess {
  const shapes = new Map(columns.map((column, i) => [column, shapeOf(sample.map((row) => row[i] ?? ''))]));
  const numberApart = columns.some((column) => targetByName(column)?.target === 'street_number');
  const candidates = columns.flatMap((column) => {
    const values = sample.map((row) => row[columns.indexOf(column)] ?? '');
    return candidatesFor(column, shapes.get(column) ?? shapeOf([]), values, numberApart);
  });
  candidates.sort((a, b) => b.confidence - a.confidence);

  const chosen = new Map<string, Candidate>();
  const taken = new Set<ColumnTarget>();
  for (const candidate of candidates) {
    const { column, target, confidence } = candidate;
    const several = target === 'phones' || target === 'emails';
    if (confidence < mappedFrom || chosen.has(column) || (taken.has(target) && !several)) continue;
    chosen.set(column, candidate);
    taken.add(target);
  }

  const mapping = mappingOf(columns, chosen);
  const dates = columns.find((column) => chosen.get(column)?.target === 'date_of_birth');
  const questions: string[] = [];
  if (dates !== undefined) {
    const { format, sure } = guessDateFormat(sample.map((row) => row[columns.indexOf(dates)]?.trim() ?? ''));
    mapping.date_format = format;
    if (!sure)
      questions.push(
        `Check the date format of “${dates}”: day and month can't be told apart in the first rows.`,
      );
  }
  return {
    mapping,
    columns: columns.map((column) => columnGuess(column, candidates, chosen.get(column))),
    questions,
  };
}

function candidatesFor(
  column: string,
  shape: ValueShape,
  values: readonly string[],
  numberApart: boolean,
): Candidate[] {
  const guesses = new Map<ColumnTarget, number>();
  const add = (target: ColumnTarget, confidence: number): void => {
    guesses.set(target, Math.max(guesses.get(target) ?? 0, confidence));
  };
  const named = targetByName(column);
  if (named) add(named.target, named.confidence * agreement(named.target, shape));

  // The second line of an address is a flat as often as a district; beside a number of its own it is neither.
  if (named?.target === 'locality' && /2\W*$/.test(column) && !numberApart && looksLikeUnits(values)) {
    add('unit', 0.96);
  }
  if (/\bfax\b/i.test(column)) add('phones', 0.4);
  if (shape.filled > 0) {
    if (shape.email >= 0.8) add('emails', 0.9);
    if (shape.phone >= 0.8 && shape.digits < 0.5) add('phones', 0.6);
    else if (shape.phone >= 0.8 && named === undefined) add('phones', 0.3);
    if (shape.date >= 0.8) add('date_of_birth', 0.4);
    if (shape.postcode >= 0.9 && shape.date < 0.5) add('postcode', 0.3);
    if (named === undefined && shape.filled > 5 && shape.distinct === 1) add('key', 0.2);
  }
  return [...guesses].map(([target, confidence]) => ({ column, target, confidence: round(confidence) }));
}

/** How far the values bear out what the name says. An empty column leaves it open. */
function agreement(target: ColumnTarget, shape: ValueShape): number {
  if (shape.filled === 0) return 0.9;
  if (target === 'emails') return shape.email >= 0.5 ? 1 : 0.4;
  if (target === 'date_of_birth') return shape.date >= 0.3 ? 1 : 0.7;
  const isName =
    target === 'given_name' || target === 'surname' || target === 'full_name' || target === 'middle_name';
  if (isName && (shape.email > 0.5 || shape.digits > 0.5 || shape.date > 0.5)) return 0.3;
  if ((target === 'phones' || target === 'postcode') && shape.email > 0.5) return 0.3;
  return 1;
}

function looksLikeUnits(values: readonly string[]): boolean {
  const filled = values.map((value) => value.trim()).filter((value) => value !== '');
  const unit =
    /^(?:apt|apartment|unit|suite|ste|flat|fl|floor|room|rm|#|no\.?|p\.?\s?o\.?\s?box)\b|^#|^\d+\w?$/i;
  return filled.length > 0 && filled.filter((value) => unit.test(value)).length * 2 >= filled.length;
}

function mappingOf(columns: readonly string[], chosen: ReadonlyMap<string, Candidate>): Mapping {
  const mapping = mappingSchema.parse({});
  for (const column of columns) {
    const target = chosen.get(column)?.target;
    if (target === undefined) continue;
    if (target === 'phones' || target === 'emails') mapping[target].push(column);
    else if (target === 'key') mapping.key = column;
    else mapping.fields[target] = { columns: [column], join: ' ' };
  }
  // The caller's key is also the record's own identifier where no other column is.
  if (mapping.key !== undefined) mapping.fields.external_id ??= { columns: [mapping.key], join: ' ' };
  return mapping;
}

function columnGuess(
  column: string,
  candidates: readonly Candidate[],
  chosen: Candidate | undefined,
): ColumnGuess {
  const alternatives = candidates
    .filter((candidate) => candidate.column === column && candidate !== chosen)
    .map(({ target, confidence }) => ({ target, confidence }));
  return { column, target: chosen?.target ?? null, confidence: chosen?.confidence ?? 0, alternatives };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
