import { emailKey } from '../email.ts';
import type { PersonFields } from '../person.ts';
import { phoneKey } from '../phone.ts';
import { readAddress, type Address } from './address.ts';
import { birthDateDigits, readBirthDate } from './birth-date.ts';
import { readName, type PersonName } from './person-name.ts';
import { fold, words } from './text.ts';

/** A person's fields in the normal forms that keys are made of and that are compared. Plain JSON: it is stored. */
export interface Profile {
  name: PersonName;
  /** `YYYYMMDD`, unknown parts as zeros; empty when unknown. */
  born: string;
  address: Address;
  /** E.164. Numbers that can't be read are kept as their digits. */
  phones: string[];
  /** Keys of comparison, see `emailKey`. */
  emails: string[];
  nationalId: string;
  organisation: string[];
  /** Folded values of the caller's other attributes. */
  extras: Record<string, string>;
}

const mostExtras = 12;
const longestExtra = 80;

/** Normalises a person. Nothing throws: what can't be read is missing, and missing is no evidence. */
export function profileOf(fields: PersonFields): Profile {
  const born = readBirthDate(fields.date_of_birth);
  return {
    name: readName(fields),
    born: born ? birthDateDigits(born) : '',
    address: readAddress(fields),
    phones: distinct((fields.phones ?? []).map((raw) => phoneKey(raw, fields.country) ?? digitsOf(raw))),
    emails: distinct((fields.emails ?? []).map((raw) => emailKey(raw) ?? raw.trim().toLowerCase())),
    nationalId: words(fields.national_id).join(''),
    organisation: [...new Set(words(fields.organisation))].slice(0, 16),
    extras: extrasOf(fields.attributes),
  };
}

function extrasOf(attributes: Record<string, string> | undefined): Record<string, string> {
  const extras: Record<string, string> = {};
  for (const [name, raw] of Object.entries(attributes ?? {}).slice(0, mostExtras)) {
    const value = fold(raw).slice(0, longestExtra);
    if (value !== '') extras[fold(name)] = value;
  }
  return extras;
}

function digitsOf(raw: string): string {
  const digits = raw.replace(/\D/g, '');
  return digits.length >= 5 ? digits : '';
}

function distinct(values: string[]): string[] {
  return [...new Set(values)].filter((value) => value !== '');
}
