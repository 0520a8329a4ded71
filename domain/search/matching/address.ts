import { words } from './text.ts';
import type { PersonFields } from '../person.ts';

export const addressLines = ['street', 'locality', 'city', 'unit', 'loose'] as const;
export type AddressLine = (typeof addressLines)[number];

/** An address in folded words by line. `loose` are the words of a free-form address whose line is not known. */
export interface Address {
  number: string;
  lines: Partial<Record<AddressLine, string[]>>;
  region: string;
  postcode: string;
}

/** Most words of one line that are looked at. */
const mostWords = 12;

/**
 * Words that are written long and short, brought to the long form, so that "warregocircuit" and "warrego cct" are alike.
 * "St" is street and saint alike: both are brought to one.
 */
const longForms: Readonly<Record<string, string>> = {
  st: 'street',
  saint: 'street',
  str: 'street',
  rd: 'road',
  ave: 'avenue',
  av: 'avenue',
  blvd: 'boulevard',
  dr: 'drive',
  drv: 'drive',
  ln: 'lane',
  ct: 'court',
  crt: 'court',
  cres: 'crescent',
  cr: 'crescent',
  cl: 'close',
  cct: 'circuit',
  pl: 'place',
  sq: 'square',
  tce: 'terrace',
  ter: 'terrace',
  pkwy: 'parkway',
  pky: 'parkway',
  hwy: 'highway',
  pde: 'parade',
  mt: 'mount',
  ft: 'fort',
  n: 'north',
  s: 'south',
  e: 'east',
  w: 'west',
  ne: 'northeast',
  nw: 'northwest',
  se: 'southeast',
  sw: 'southwest',
  apt: 'apartment',
  ste: 'suite',
  fl: 'floor',
  bldg: 'building',
};

/** Words that say what sort of thing an address line is, not which. They never make a blocking key. */
const kinds = new Set([
  ...Object.values(longForms),
  'the',
  'of',
  'and',
  'unit',
  'flat',
  'no',
  'po',
  'box',
  'way',
  'grove',
]);

export function isKindOfPlace(word: string): boolean {
  return kinds.has(word);
}

/** Reads an address from its parts, from one free-form line, or from both. */
export function readAddress(fields: PersonFields): Address {
  const street = addressWords(fields.street);
  let number = words(fields.street_number).join('');
  if (number === '' && street.length > 1 && startsWithDigit(street[0])) number = street.shift() ?? '';
  const loose = addressWords(fields.address);
  let postcode = postcodeKey(fields.postcode);
  if (loose.length > 0) {
    const numbered = loose.findIndex(startsWithDigit);
    if (number === '' && numbered >= 0 && numbered < loose.length - 1) {
      number = loose.splice(numbered, 1)[0] ?? '';
    }
    const last = loose.at(-1);
    if (postcode === '' && last !== undefined && /^\d{4,6}$/.test(last)) postcode = loose.pop() ?? '';
  }
  const lines: Address['lines'] = {};
  const parts: [AddressLine, string[]][] = [
    ['street', street],
    ['locality', addressWords(fields.locality)],
    ['city', addressWords(fields.city)],
    ['unit', addressWords(fields.unit)],
    ['loose', loose],
  ];
  for (const [line, all] of parts) if (all.length > 0) lines[line] = all.slice(0, mostWords);
  return { number, lines, region: addressWords(fields.region).join(' '), postcode };
}

/** All words of an address's lines, each once. */
export function addressBag(address: Address): string[] {
  return [...new Set(addressLines.flatMap((line) => address.lines[line] ?? []))];
}

/** Letters and digits only; the ZIP+4 of the United States without the last four. */
function postcodeKey(raw: string | undefined): string {
  const key = words(raw).join('');
  return /^\d{9}$/.test(key) ? key.slice(0, 5) : key;
}

function addressWords(raw: string | undefined): string[] {
  return words(raw).map((word) => (Object.hasOwn(longForms, word) ? (longForms[word] ?? word) : word));
}

function startsWithDigit(word: string | undefined): boolean {
  return word !== undefined && /^\d/.test(word);
}
