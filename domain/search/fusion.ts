import type { RankedPerson } from './answer.ts';
import { emailKey } from './email.ts';
import { birthDateDigits, readBirthDate } from './matching/birth-date.ts';
import { readName, type PersonName } from './matching/person-name.ts';
import { words } from './matching/text.ts';
import { personTextFields, type PersonFields } from './person.ts';
import { phoneKey } from './phone.ts';

/**
 * Adds one provider's people to those that others have told of, and ranks all. Two providers tell of one person when they
 * share a telephone number, a mailbox or a national identifier and their names do not speak against it, or when name
 * and date of birth are the same. People of one provider are never merged: it has told them apart itself.
 *
 * The probability is the highest of the providers', not a sum of their evidence: vendors resell one another's data, so
 * their agreement proves little.
 */
export function fuse(known: readonly RankedPerson[], added: readonly RankedPerson[]): RankedPerson[] {
  if (known.length === 0) return rank(added);
  const fused = known.map((person) => ({ person, marks: marksOf(person.fields), taken: false }));
  const fresh: RankedPerson[] = [];
  for (const person of added) {
    const marks = marksOf(person.fields);
    const same = fused.find((other) => !other.taken && isSame(other.person, other.marks, person, marks));
    if (same) {
      same.person = merge(same.person, person);
      same.taken = true;
    } else fresh.push(person);
  }
  return rank([...fused.map(({ person }) => person), ...fresh]);
}

/** Likeliest first; among equals the validated, then as they came. */
export function rank(people: readonly RankedPerson[]): RankedPerson[] {
  return people.toSorted(
    (a, b) => b.probability - a.probability || Number(b.validated) - Number(a.validated),
  );
}

interface Marks {
  /** What only one person, or hardly more, has. */
  identifiers: Set<string>;
  name: PersonName;
  born: string;
}

function marksOf(fields: PersonFields): Marks {
  const born = readBirthDate(fields.date_of_birth);
  const nationalId = words(fields.national_id).join('');
  return {
    identifiers: new Set([
      ...(fields.phones ?? []).flatMap((raw) => prefixed('phone', phoneKey(raw, fields.country ?? null))),
      ...(fields.emails ?? []).flatMap((raw) => prefixed('email', emailKey(raw))),
      ...prefixed('id', nationalId),
    ]),
    name: readName(fields),
    born: born ? birthDateDigits(born) : '',
  };
}

function prefixed(kind: string, key: string | null): string[] {
  return key === null || key === '' ? [] : [`${kind}:${key}`];
}

function isSame(left: RankedPerson, leftMarks: Marks, right: RankedPerson, rightMarks: Marks): boolean {
  if (left.personId !== null && right.personId !== null) return left.personId === right.personId;
  const names = compareNames(leftMarks.name, rightMarks.name);
  const birthsDiffer = leftMarks.born !== '' && rightMarks.born !== '' && leftMarks.born !== rightMarks.born;
  if (names === 'different' || birthsDiffer) return false;
  if ([...leftMarks.identifiers].some((identifier) => rightMarks.identifiers.has(identifier))) return true;
  return names === 'same' && leftMarks.born !== '' && leftMarks.born === rightMarks.born;
}

/** An initial is compatible with any name that it begins; a missing part with any. */
function compareNames(left: PersonName, right: PersonName): 'same' | 'compatible' | 'different' {
  const parts = [
    [left.given.join(' '), right.given.join(' ')],
    [left.surname.join(' '), right.surname.join(' ')],
  ] as const;
  if (parts.some(([a, b]) => !a.startsWith(b) && !b.startsWith(a))) return 'different';
  return parts.every(([a, b]) => a === b && a !== '') ? 'same' : 'compatible';
}

/** What the likelier one says of a field counts; the other fills gaps and adds numbers, mailboxes and attributes. */
function merge(left: RankedPerson, right: RankedPerson): RankedPerson {
  const [first, second] = right.probability > left.probability ? [right, left] : [left, right];
  const providers = [first.provider, second.provider, ...first.alsoFrom, ...second.alsoFrom];
  return {
    personId: first.personId ?? second.personId,
    recordSetId: first.recordSetId ?? second.recordSetId,
    provider: first.provider,
    alsoFrom: [...new Set(providers)].filter((name) => name !== first.provider),
    probability: first.probability,
    validated: first.validated || second.validated,
    matchedOn: [...new Set([...first.matchedOn, ...second.matchedOn])],
    fields: mergeFields(first.fields, second.fields),
    evidence: [...first.evidence, ...second.evidence],
  };
}

function mergeFields(first: PersonFields, second: PersonFields): PersonFields {
  const merged: PersonFields = { ...first };
  for (const field of personTextFields) {
    const value = second[field];
    if ((merged[field] ?? '') === '' && value !== undefined) merged[field] = value;
  }
  const phones = mergeLists(first.phones, second.phones, (raw) => phoneKey(raw, merged.country ?? null));
  const emails = mergeLists(first.emails, second.emails, emailKey);
  if (phones.length > 0) merged.phones = phones;
  if (emails.length > 0) merged.emails = emails;
  if (second.attributes) merged.attributes = { ...second.attributes, ...first.attributes };
  return merged;
}

/** Each value once, as the first writes it. */
function mergeLists(
  first: readonly string[] = [],
  second: readonly string[] = [],
  keyOf: (raw: string) => string | null,
): string[] {
  const seen = new Set<string>();
  return [...first, ...second].filter((raw) => {
    const key = keyOf(raw) ?? raw.trim();
    const known = seen.has(key);
    seen.add(key);
    return !known;
  });
}
