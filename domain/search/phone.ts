import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  PhoneNumber,
  type CountryCode,
  type E164Number,
  type PhoneNumberType,
} from 'libphonenumber-js/max';
import { Failure } from '../failure.ts';
import { readInternational, type PlannedNumber } from './phone-plan.ts';

/** A telephone number in its standard forms, next to what the caller wrote. */
export interface NormalisedPhone {
  /** Exactly what the caller wrote. */
  raw: string;
  /** ITU-T E.164, e.g. `+14155552671`: the form for storage, comparison and dialling. No extension. */
  e164: string;
  /** ISO 3166-1 alpha-2; null for numbers of no one country (+800, +870 …). */
  region: string | null;
  /** Numbering-plan type; null when the number lies in no assigned range. */
  type: PhoneNumberType | null;
  /** The number lies in an assigned range. False: only its length fits (a fictional or a brand-new range). */
  valid: boolean;
  national: string;
  international: string;
  extension: string | null;
}

const asciiOnly = /^[\p{ASCII}]*$/u;

/** The longest text we look at; an E.164 number has 15 digits, the rest is room for formatting. */
const maximumLength = 250;

/** The letters on the keys 2 to 9 of a telephone (ITU-T E.161). */
const keypad: Readonly<Record<string, string>> = Object.fromEntries(
  ['ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ'].flatMap((letters, index) =>
    letters.split('').map((letter) => [letter, String(index + 2)]),
  ),
);

/** "1-800-FLOWERS": starts as a number, then has at least three letters, and nothing else in it. */
const vanity = /^(?=(?:[^A-Za-z]*[A-Za-z]){3})[+\d(][\dA-Za-z\s().-]*$/;

/** A trailing extension; taken off before letters become digits, or "ext" would be dialled. */
const trailingExtension = /[\s,;]*(?:;ext=|ext(?:n|ension)?[.:]?|x|#)\s*(\d{1,9})#?\s*$/i;

/**
 * Reads one telephone number, however it is written: spaces, brackets, other scripts' digits, `00` and national
 * prefixes, extensions, `tel:` URIs (RFC 3966) and vanity words.
 *
 * @param defaultRegion the country (ISO 3166-1 alpha-2) that a number without a country code belongs to
 * @throws Failure `search.phone_invalid` if no dialable number can be read; the message never repeats the number
 */
export function normalisePhone(raw: string, defaultRegion?: string): NormalisedPhone {
  const region = regionOf(defaultRegion);
  const text = (asciiOnly.test(raw) ? raw : raw.replace(/\p{Cf}/gu, '').normalize('NFKC')).trim();
  if (text === '') throw new Failure('search.phone_invalid', 'The phone number is empty.');
  if (text.length > maximumLength) {
    throw new Failure('search.phone_invalid', `The phone number is longer than ${maximumLength} characters.`);
  }
  const planned = readInternational(text);
  if (planned) return plannedPhone(raw, planned);
  const number = /^tel:/i.test(text)
    ? readTelUri(text, region)
    : (read(text, region) ?? readVanity(text, region));
  if (number === undefined) {
    const hint =
      region === undefined ? ' Write it with its country code (+…), or name the country it belongs to.' : '';
    throw new Failure('search.phone_invalid', `This can't be read as a phone number.${hint}`);
  }
  if (!number.isPossible()) {
    throw new Failure(
      'search.phone_invalid',
      'The phone number has too few or too many digits for its country.',
    );
  }
  const type = number.getType() ?? null;
  return {
    raw,
    e164: number.number,
    region: number.country ?? null,
    type,
    // A number with a type lies in an assigned range; to ask again would cost as much as the type did.
    valid: type !== null || number.isValid(),
    // Put together when somebody looks: nobody does in most rows of a batch.
    get national() {
      return number.formatNational();
    },
    get international() {
      return number.formatInternational();
    },
    extension: number.ext ?? null,
  };
}

function plannedPhone(raw: string, { e164, region, type }: PlannedNumber): NormalisedPhone {
  // Made when somebody looks: nobody does in most rows of a batch.
  let known: PhoneNumber | undefined;
  const number = (): PhoneNumber => (known ??= numberOf(e164, region));
  return {
    raw,
    e164,
    region,
    type,
    valid: true,
    get national() {
      return number().formatNational();
    },
    get international() {
      return number().formatInternational();
    },
    extension: null,
  };
}

/** To be written out. What the number is, is known: to read it again would take as long as that. */
function numberOf(e164: string, region: CountryCode | null): PhoneNumber {
  const number = new PhoneNumber(e164 as E164Number);
  if (region !== null) number.country = region;
  return number;
}

/**
 * The E.164 form of a number, or null if it can't be read as one. For keys of comparison, where a bad value is
 * simply not a key; an unknown region counts as none.
 */
export function phoneKey(raw: string, region?: string | null): string | null {
  const known = typeof region === 'string' && isRegion(region) ? region : undefined;
  try {
    return normalisePhone(raw, known).e164;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Whether a text is a region that numbers can be read for: ISO 3166-1 alpha-2, any case, and the customary "UK". */
export function isRegion(text: string): boolean {
  return isSupportedCountry(canonicalRegion(text));
}

function canonicalRegion(text: string): string {
  const upper = text.trim().toUpperCase();
  return upper === 'UK' ? 'GB' : upper;
}

function regionOf(text: string | undefined): CountryCode | undefined {
  if (text === undefined) return undefined;
  const region = canonicalRegion(text);
  if (isSupportedCountry(region)) return region;
  throw new Failure(
    'search.phone_invalid',
    'The region of the phone number must be an ISO 3166-1 alpha-2 code.',
  );
}

/** Reads the whole text as a number. Never digs one out of other text: that turns "1-800-FLOWERS" into +1 1800. */
function read(text: string, region: CountryCode | undefined): PhoneNumber | undefined {
  return parsePhoneNumberFromString(
    text,
    region === undefined ? { extract: false } : { defaultCountry: region, extract: false },
  );
}

/** Letters as keys of the telephone. Only an assigned number counts: "415-555 Bob" is a note, not a number. */
function readVanity(text: string, region: CountryCode | undefined): PhoneNumber | undefined {
  const extension = trailingExtension.exec(text)?.[1];
  const words = extension === undefined ? text : text.replace(trailingExtension, '');
  if (!vanity.test(words)) return undefined;
  const digits = words.replace(/[A-Za-z]/g, (letter) => keypad[letter.toUpperCase()] ?? letter);
  const number = read(digits, region);
  if (number === undefined || !number.isValid()) return undefined;
  if (extension !== undefined) number.setExt(extension);
  return number;
}

/**
 * RFC 3966: `tel:` number *( ";" parameter ). A local number is completed by `phone-context` when that is a global
 * prefix; a context that is a domain name says nothing about the digits, so the default region decides.
 */
function readTelUri(uri: string, region: CountryCode | undefined): PhoneNumber | undefined {
  const [subscriber = '', ...parameters] = decode(uri.slice('tel:'.length)).split(';');
  const valueOf = (name: string): string | undefined =>
    parameters.find((parameter) => parameter.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const context = valueOf('phone-context');
  const global = subscriber.trim().startsWith('+') || context === undefined || !/^\+[\d().-]+$/.test(context);
  const number = read(global ? subscriber : `${context}${subscriber}`, region);
  const extension = valueOf('ext')?.replace(/\D/g, '');
  if (number !== undefined && extension !== undefined && extension !== '') number.setExt(extension);
  return number;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
