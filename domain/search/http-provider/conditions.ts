import type { Condition } from './config.ts';
import { atPointer } from './json-pointer.ts';

/** Whether a condition holds for a vendor's answer. A number and its text count as equal: vendors send both. */
export function holds(condition: Condition, document: unknown): boolean {
  const value = atPointer(document, condition.pointer);
  if (condition.exists !== undefined) return (value !== undefined) === condition.exists;
  if (condition.empty !== undefined) return isEmpty(value) === condition.empty;
  if (condition.in !== undefined) return condition.in.some((wanted) => same(wanted, value));
  return condition.equals !== undefined && same(condition.equals, value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function same(wanted: string | number | boolean | null, value: unknown): boolean {
  if (wanted === value) return true;
  const isScalar = typeof value === 'string' || typeof value === 'number';
  return wanted !== null && typeof wanted !== 'boolean' && isScalar && String(wanted) === String(value);
}
