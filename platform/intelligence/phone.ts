import { getCountryCallingCode, isSupportedCountry } from 'libphonenumber-js/max';
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

/** The two parts of a number in E.164. */
interface NumberParts {
  callingCode: string;
  nationalNumber: string;
}

/** Facts about a number, from data in the process: no network, no cost, the same answer every time. */
export async function phoneFacts(phone: NormalisedPhone): Promise<PhoneFacts> {
  const number = partsOf(phone);
  const geographic = isGeographic(number, phone);
  return {
    about: 'the number itself, not its holder',
    e164: phone.e164,
    valid: phone.valid,
    type: phone.type,
    region: phone.region,
    calling_code: number.callingCode,
    location: geographic ? await locationOf(number) : null,
    time_zones: await timeZonesOf(number, geographic),
    original_carrier: await originalCarrierOf(number, phone),
  };
}

/** Taken from what was read already: to read the number a second time would cost more than all the rest. */
function partsOf(phone: NormalisedPhone): NumberParts {
  const { e164, region } = phone;
  const callingCode =
    region !== null && isSupportedCountry(region)
      ? getCountryCallingCode(region)
      : /^\+(\d+)/.exec(phone.international)?.[1];
  if (callingCode === undefined || !e164.startsWith(`+${callingCode}`))
    throw new TypeError('A normalised phone number carries its E.164 form.');
  return { callingCode, nationalNumber: e164.slice(1 + callingCode.length) };
}

function isGeographic(number: NumberParts, phone: NormalisedPhone): boolean {
  if (phone.type === 'FIXED_LINE' || phone.type === 'FIXED_LINE_OR_MOBILE') return true;
  return phone.type === 'MOBILE' && geographicMobile.has(number.callingCode);
}

async function locationOf({ callingCode, nationalNumber }: NumberParts): Promise<string | null> {
  const table = await prefixTable(`geocodes/en/${callingCode}.bson`);
  // Argentina writes a 9 between country and area code of mobiles; the area codes are listed without it.
  const mobileToken = callingCode === '54' && nationalNumber.startsWith('9');
  return table(mobileToken ? nationalNumber.slice(1) : nationalNumber);
}

/** A number without a place has the time zones of its whole country. */
async function timeZonesOf(
  { callingCode, nationalNumber }: NumberParts,
  geographic: boolean,
): Promise<string[]> {
  const table = await prefixTable('timezones.bson');
  const zones = table(geographic ? callingCode + nationalNumber : callingCode);
  return zones === null ? [] : zones.split('&');
}

async function originalCarrierOf(
  { callingCode, nationalNumber }: NumberParts,
  phone: NormalisedPhone,
): Promise<string | null> {
  const mobile = phone.type === 'MOBILE' || phone.type === 'FIXED_LINE_OR_MOBILE' || phone.type === 'PAGER';
  if (!phone.valid || !mobile || phone.region === null || portableRegions.has(phone.region)) return null;
  return (await prefixTable(`carrier/en/${callingCode}.bson`))(nationalNumber);
}
