import { personTextFields, type PersonFields } from '../person.ts';
import type { ProviderPerson } from '../provider.ts';
import type { HttpProviderConfig, ListSource } from './config.ts';
import { atPointer } from './json-pointer.ts';

/** Longer values are no field of a person. */
const longestValue = 1_000;
const mostValues = 20;
/** People of one answer that are looked at; a vendor that sends more has not understood the question. */
const mostPeople = 1_000;

/** Reads the people of an answer, best first. What isn't there is left out; a person without any field is nobody. */
export function peopleIn(document: unknown, answer: HttpProviderConfig['answer']): ProviderPerson[] {
  if (answer.people === undefined) return [];
  const found = atPointer(document, answer.people);
  const elements = Array.isArray(found) ? found.slice(0, mostPeople) : [found];
  return elements
    .filter((element) => typeof element === 'object' && element !== null)
    .map((element) => ({
      fields: fieldsIn(element, answer.fields),
      score: scoreIn(element, answer.score),
      matchedOn: [],
      evidence: [],
    }))
    .filter(({ fields }) => Object.keys(fields).length > 0)
    .toSorted((a, b) => b.score - a.score);
}

/**
 * Whether an answer is of another shape than its configuration says: where people belong stands a text or a number. It
 * then tells of nobody, and says nothing about whether there is anybody. Nothing at all, in whatever way it is said, is
 * in order.
 */
export function isMisshapen(document: unknown, answer: HttpProviderConfig['answer']): boolean {
  if (isWord(document)) return true;
  if (answer.people === undefined) return false;
  const found = atPointer(document, answer.people);
  return Array.isArray(found) ? found.length > 0 && found.every(isWord) : isWord(found);
}

/** A value that is neither a structure nor one of the ways to say nothing. */
export function isWord(value: unknown): boolean {
  return (typeof value !== 'object' || value === null) && Boolean(value);
}

/** The facts of an answer that are there. */
export function factsIn(document: unknown, facts: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts)
      .map(([name, pointer]) => [name, atPointer(document, pointer)] as const)
      .filter(([, value]) => value !== undefined && value !== null),
  );
}

function fieldsIn(element: unknown, mapping: HttpProviderConfig['answer']['fields']): PersonFields {
  const fields: PersonFields = {};
  for (const field of personTextFields) {
    const value = textAt(element, mapping[field]);
    if (value !== null) fields[field] = value;
  }
  for (const field of ['phones', 'emails'] as const) {
    const values = [...new Set((mapping[field] ?? []).flatMap((source) => listAt(element, source)))];
    if (values.length > 0) fields[field] = values.slice(0, mostValues);
  }
  const attributes = Object.entries(mapping.attributes ?? {}).flatMap(
    ([name, pointer]): [string, string][] => {
      const value = textAt(element, pointer);
      return value === null ? [] : [[name, value]];
    },
  );
  if (attributes.length > 0) fields.attributes = Object.fromEntries(attributes);
  return fields;
}

function listAt(element: unknown, source: ListSource): string[] {
  const value = atPointer(element, typeof source === 'string' ? source : source.each);
  const items = Array.isArray(value) ? value.slice(0, mostValues) : [value];
  return items
    .map((item) => asText(typeof source === 'string' ? item : atPointer(item, source.value)))
    .filter((text) => text !== null);
}

function textAt(element: unknown, pointer: string | undefined): string | null {
  return pointer === undefined ? null : asText(atPointer(element, pointer));
}

function asText(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  const text = String(value).trim();
  return text === '' || text.length > longestValue ? null : text;
}

/** The vendor's score on the scale from 0 to 1. It is the vendor's word, not a probability that we have measured. */
function scoreIn(element: unknown, rule: HttpProviderConfig['answer']['score']): number {
  const value = textAt(element, rule.pointer);
  const number = value === null ? Number.NaN : Number(value);
  if (Number.isNaN(number)) return rule.otherwise;
  return Math.min(1, Math.max(0, (number - rule.lowest) / (rule.highest - rule.lowest)));
}
