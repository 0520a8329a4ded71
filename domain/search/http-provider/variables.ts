import { birthDateDigits, readBirthDate } from '../matching/birth-date.ts';
import { readName } from '../matching/person-name.ts';
import type { NormalisedQuery } from '../query.ts';

/** What templates of a provider may name, with where it comes from. `secret.<name>` comes beside these. */
export const variableNames = [
  'phone.e164',
  'phone.digits',
  'phone.national',
  'phone.region',
  'phone.raw',
  'email',
  'email.key',
  'email.domain',
  'name.full',
  'name.given',
  'name.middle',
  'name.surname',
  'born.date',
  'born.year',
  'address.full',
  'address.street_number',
  'address.street',
  'address.unit',
  'address.locality',
  'address.city',
  'address.region',
  'address.postcode',
  'address.country',
  'national_id',
  'organisation',
  'query.kind',
  'query.key',
  'call.key',
  'call.limit',
] as const;

export type VariableName = (typeof variableNames)[number];

/** Values for a template. A variable without a value is missing, never an empty text. */
export type Variables = ReadonlyMap<string, string>;

/** What a call of a provider knows beside the question. */
export interface CallFacts {
  limit: number;
  effectKey?: string;
}

/** The values of a question. Where a name came in one piece, its parts are read from it, in folded words. */
export function variablesOf(query: NormalisedQuery, call: CallFacts): Variables {
  const { fields } = query;
  const [phone] = query.phones;
  const [email] = query.emails;
  const name = readName(fields);
  const born = birthDateOf(fields.date_of_birth);
  const values: Record<VariableName, string | null | undefined> = {
    'phone.e164': phone?.e164,
    'phone.digits': phone?.e164.slice(1),
    'phone.national': phone?.national.replace(/\D/g, ''),
    'phone.region': phone?.region,
    'phone.raw': phone?.raw,
    email: email?.address,
    'email.key': email?.key,
    'email.domain': email?.domain,
    'name.full': fields.full_name ?? joined(fields.given_name, fields.middle_name, fields.surname),
    'name.given': fields.given_name ?? name.given.join(' '),
    'name.middle': fields.middle_name,
    'name.surname': fields.surname ?? name.surname.join(' '),
    'born.date': born.date,
    'born.year': born.year,
    'address.full':
      fields.address ?? joined(fields.street_number, fields.street, fields.city, fields.postcode),
    'address.street_number': fields.street_number,
    'address.street': fields.street,
    'address.unit': fields.unit,
    'address.locality': fields.locality,
    'address.city': fields.city,
    'address.region': fields.region,
    'address.postcode': fields.postcode,
    'address.country': fields.country,
    national_id: fields.national_id,
    organisation: fields.organisation,
    'query.kind': query.kind,
    'query.key': query.key,
    'call.key': call.effectKey,
    'call.limit': String(call.limit),
  };
  return new Map(
    Object.entries(values)
      .map(([variable, value]): [string, string] => [variable, value?.trim() ?? ''])
      .filter(([, value]) => value !== ''),
  );
}

function joined(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part.trim() !== '').join(' ');
}

/** A whole date in ISO 8601, or the year alone where no more is known. */
function birthDateOf(raw: string | undefined): { date?: string; year?: string } {
  const born = readBirthDate(raw);
  if (born === null) return {};
  const digits = birthDateDigits(born);
  const year = digits.slice(0, 4);
  if (born.month === 0 || born.day === 0) return { year };
  return { year, date: `${year}-${digits.slice(4, 6)}-${digits.slice(6)}` };
}
