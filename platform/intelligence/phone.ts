import { parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max';
import type { NormalisedPhone } from '../../domain/search/phone.ts';
import { portableRegions } from './portable-regions.ts';
import { prefixTable } from './prefix-table.ts';

/** What the numbering plan says about a number. Nothing in it says who holds the number. */
export interface PhoneFacts {
  about: 'the number itself, not its holder';
  e164: string;
  valid: boolean;
  type: NormalisedPhone['type'];
  region: string | null;
  calling_code: string;
  /** Place of the area code in English, e.g. "San Francisco, CA"; null where numbers have no place. */
  location: string | null;
  /** IANA names. */
  time_zones: string[];
  /** The carrier that the range was first allocated to; null where numbers are portable, as it may long have changed. */
  original_carrier: string | null;
}

/** Countries whose mobile numbers carry an area code. Source: libphonenumber's GEO_MOBILE_COUNTRIES. */
const geographicMobile: ReadonlySet<string> = new Set(['52', '54', '55', '62', '86']);

/** Facts about a number, from data in the process: no network, no cost, the same answer every time. */
export async function phoneFacts(phone: NormalisedPhone): Promise<PhoneFacts> {
  const number = parsePhoneNumberFromString(phone.e164);
  if (number === undefined) throw new TypeError('A normalised phone number carries its E.164 form.');
  const geographic = isGeographic(number, phone);
  return {
    about: 'the number itself, not its holder',
    e164: phone.e164,
    valid: phone.valid,
    type: phone.type,
    region: phone.region,
    calling_code: number.countryCallingCode,
    location: geographic ? await locationOf(number) : null,
    time_zones: await timeZonesOf(number, geographic),
    original_carrier: await originalCarrierOf(number, phone),
  };
}

function isGeographic(number: PhoneNumber, phone: NormalisedPhone): boolean {
  if (phone.type === 'FIXED_LINE' || phone.type === 'FIXED_LINE_OR_MOBILE') return true;
  return phone.type === 'MOBILE' && geographicMobile.has(number.countryCallingCode);
}

async function locationOf(number: PhoneNumber): Promise<string | null> {
  const table = await prefixTable(`geocodes/en/${number.countryCallingCode}.bson`);
  // Argentina writes a 9 between country and area code of mobiles; the area codes are listed without it.
  const mobileToken = number.countryCallingCode === '54' && number.nationalNumber.startsWith('9');
  return table(mobileToken ? number.nationalNumber.slice(1) : number.nationalNumber);
}

/** A number without a place has the time zones of its whole country. */
async function timeZonesOf(number: PhoneNumber, geographic: boolean): Promise<string[]> {
  const table = await prefixTable('timezones.bson');
  const zones = table(geographic ? number.number.slice(1) : number.countryCallingCode);
  return zones === null ? [] : zones.split('&');
}

async function originalCarrierOf(number: PhoneNumber, phone: NormalisedPhone): Promise<string | null> {
  const mobile = phone.type === 'MOBILE' || phone.type === 'FIXED_LINE_OR_MOBILE' || phone.type === 'PAGER';
  if (!phone.valid || !mobile || phone.region === null || portableRegions.has(phone.region)) return null;
  return (await prefixTable(`carrier/en/${number.countryCallingCode}.bson`))(number.nationalNumber);
}
