import { hash } from 'node:crypto';
import { z } from 'zod';
import { Failure, type Issue } from '../failure.ts';
import { normaliseEmail, type NormalisedEmail } from './email.ts';
import { birthDateDigits, readBirthDate } from './matching/birth-date.ts';
import { fold } from './matching/text.ts';
import { personFieldsSchema, personTextFields, type PersonFields } from './person.ts';
import { isRegion, normalisePhone, type NormalisedPhone } from './phone.ts';

export const queryKinds = ['email', 'phone', 'name', 'address', 'comprehensive'] as const;
export type QueryKind = (typeof queryKinds)[number];

/** What a caller asks: the fields of a person, and `phone` and `email` as short forms of one-element lists. */
export const queryInputSchema = personFieldsSchema.extend({
  phone: z.string().max(1_000).optional(),
  email: z.string().max(1_000).optional(),
});
export type QueryInput = z.infer<typeof queryInputSchema>;

export interface NormalisedQuery {
  kind: QueryKind;
  /** As written; `phone` and `email` are in the lists. */
  fields: PersonFields;
  /** The readable ones of `fields.phones`, each number once. */
  phones: NormalisedPhone[];
  /** The readable ones of `fields.emails`, each mailbox once. */
  emails: NormalisedEmail[];
  /** What of a comprehensive query could not be read and is left out of the search. */
  warnings: Issue[];
  /**
   * The same for every spelling of the same question: SHA-256 in hex over the kind and the normal forms of its fields.
   * For caching and de-duplication within one tenant.
   */
  key: string;
}

const nameFields = ['given_name', 'middle_name', 'surname', 'full_name'] as const;
const addressFields = [
  'address',
  'street_number',
  'street',
  'unit',
  'locality',
  'city',
  'region',
  'postcode',
] as const;

/** The fields a kind of query may have, beside `country` and `external_id`, which all may have. */
const allowedFields: Readonly<Record<QueryKind, ReadonlySet<string> | null>> = {
  email: new Set(['email', 'emails']),
  phone: new Set(['phone', 'phones']),
  name: new Set([...nameFields, 'date_of_birth']),
  address: new Set<string>(addressFields),
  comprehensive: null,
};
const alwaysAllowed: ReadonlySet<string> = new Set(['country', 'external_id']);

/** One of these must say something, or there is nothing to search by. */
const neededFields: Readonly<Record<QueryKind, readonly (keyof PersonFields)[]>> = {
  email: ['emails'],
  phone: ['phones'],
  name: ['full_name', 'surname', 'given_name'],
  address: ['address', 'street', 'city', 'postcode', 'locality'],
  comprehensive: [
    ...nameFields,
    ...addressFields,
    'date_of_birth',
    'phones',
    'emails',
    'national_id',
    'organisation',
  ],
};

/**
 * Reads a question into its normal form.
 *
 * @throws Failure `search.phone_invalid`, `search.email_invalid` when that is all that is wrong with a search by phone
 *   or e-mail; `search.query_empty` if nothing is left to search by; `search.query_invalid` otherwise. Each with
 *   every issue and its JSON pointer.
 */
export function normaliseQuery(kind: QueryKind, input: QueryInput): NormalisedQuery {
  const issues = fieldsOutOfPlace(kind, input);
  const unreadable: Unreadable[] = [];
  const region = input.country !== undefined && isRegion(input.country) ? input.country : undefined;
  const phones = readAll(pointed(input, 'phone'), (raw) => normalisePhone(raw, region), unreadable);
  const emails = readAll(pointed(input, 'email'), normaliseEmail, unreadable);
  if (
    input.date_of_birth !== undefined &&
    fold(input.date_of_birth) !== '' &&
    !readBirthDate(input.date_of_birth)
  ) {
    const message = "This can't be read as a date.";
    unreadable.push({ pointer: '/date_of_birth', message, raw: input.date_of_birth });
  }
  const fields = fieldsOf(input);
  const warnings = unreadable.map(({ pointer, message }) => ({ pointer, message }));
  const searchable = saysSomething(kind, fields, phones, emails);
  if (kind !== 'comprehensive' || !searchable) issues.push(...warnings);
  if (issues.length === 0 && !searchable) throw nothingToSearchBy(kind);
  if (issues.length > 0) throw refusal(kind, issues, warnings.length);
  const query = {
    kind,
    fields,
    phones: distinctBy(phones, (phone) => phone.e164),
    emails: distinctBy(emails, (email) => email.key),
    warnings,
  };
  return { ...query, key: keyOf(query, unreadable) };
}

/** What of a person's fields a kind of search uses, for tables that hold more columns than it needs. */
export function fieldsUsedBy(kind: QueryKind, fields: PersonFields): PersonFields {
  const allowed = allowedFields[kind];
  if (allowed === null) return fields;
  const used = Object.entries(fields).filter(([field]) => allowed.has(field) || alwaysAllowed.has(field));
  return Object.fromEntries(used) as PersonFields;
}

/** A value that is kept, and may still match as it is written. */
interface Unreadable extends Issue {
  raw: string;
}

function fieldsOutOfPlace(kind: QueryKind, input: QueryInput): Issue[] {
  const allowed = allowedFields[kind];
  if (allowed === null) return [];
  return Object.entries(input)
    .filter(([field, value]) => value !== undefined && !allowed.has(field) && !alwaysAllowed.has(field))
    .map(([field]) => ({
      pointer: `/${field}`,
      message: `A search by ${kind} does not use this field; a comprehensive search does.`,
    }));
}

interface Pointed {
  pointer: string;
  raw: string;
}

function pointed(input: QueryInput, field: 'phone' | 'email'): Pointed[] {
  const single = input[field];
  const list = input[`${field}s`] ?? [];
  return [
    ...(single === undefined ? [] : [{ pointer: `/${field}`, raw: single }]),
    ...list.map((raw, index) => ({ pointer: `/${field}s/${index}`, raw })),
  ].filter(({ raw }) => raw.trim() !== '');
}

function readAll<T>(values: Pointed[], read: (raw: string) => T, unreadable: Unreadable[]): T[] {
  return values.flatMap(({ pointer, raw }) => {
    try {
      return [read(raw)];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      unreadable.push({ pointer, message: error.message, raw });
      return [];
    }
  });
}

function fieldsOf({ phone, email, ...fields }: QueryInput): PersonFields {
  return {
    ...fields,
    ...(phone === undefined ? {} : { phones: [phone, ...(fields.phones ?? [])] }),
    ...(email === undefined ? {} : { emails: [email, ...(fields.emails ?? [])] }),
  };
}

function saysSomething(
  kind: QueryKind,
  fields: PersonFields,
  phones: NormalisedPhone[],
  emails: NormalisedEmail[],
): boolean {
  return neededFields[kind].some((field) => {
    if (field === 'phones') return phones.length > 0;
    if (field === 'emails') return emails.length > 0;
    const value = fields[field];
    return typeof value === 'string' && fold(value) !== '';
  });
}

function nothingToSearchBy(kind: QueryKind): Failure {
  const needed = neededFields[kind].map((field) => (kind === field.replace(/s$/, '') ? kind : field));
  const message = `Give at least one of: ${needed.join(', ')}.`;
  return new Failure('search.query_empty', message, { issues: [{ pointer: '', message }] });
}

function refusal(kind: QueryKind, issues: Issue[], unreadable: number): Failure {
  const [first] = issues;
  if (first !== undefined && issues.length === unreadable && (kind === 'phone' || kind === 'email')) {
    return new Failure(`search.${kind}_invalid`, first.message, { issues });
  }
  return new Failure('search.query_invalid', 'The search is not valid.', { issues });
}

function distinctBy<T>(values: T[], keyOfValue: (value: T) => string): T[] {
  if (values.length < 2) return values;
  return [...new Map(values.toReversed().map((value) => [keyOfValue(value), value])).values()].toReversed();
}

function keyOf(query: Omit<NormalisedQuery, 'key'>, unreadable: Unreadable[]): string {
  const { fields } = query;
  const born = readBirthDate(fields.date_of_birth);
  // Where numbers and mailboxes are all there is, the country has done its part in reading them.
  const read = query.kind === 'phone' || query.kind === 'email';
  const texts = personTextFields.flatMap((field) => {
    const raw = fields[field];
    if (raw === undefined || field === 'external_id' || (read && field === 'country')) return [];
    const value = field === 'date_of_birth' && born ? birthDateDigits(born) : fold(raw);
    return value === '' ? [] : [[field, value]];
  });
  const attributes = Object.entries(fields.attributes ?? {})
    .map(([name, value]) => JSON.stringify([fold(name), fold(value)]))
    .toSorted();
  const canonical = [
    query.kind,
    texts,
    query.phones.map((phone) => phone.e164).toSorted(),
    query.emails.map((email) => email.key).toSorted(),
    attributes,
    unreadable.map(({ raw }) => fold(raw)).toSorted(),
  ];
  return hash('sha256', JSON.stringify(canonical), 'hex');
}
