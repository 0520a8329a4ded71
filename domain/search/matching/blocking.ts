import { addressLines, isKindOfPlace } from './address.ts';
import type { Nicknames } from './nicknames.ts';
import { sound, sounds } from './phonetic.ts';
import type { Profile } from './profile.ts';

/**
 * Blocking keys: two people who share one are compared. Most join two fields, because one field alone names too many
 * people; each pair of fields survives errors in all others. Words go in by their sound, and without their role, so
 * that swapped names and swapped address lines still meet. The same text serves stored people and queries.
 */
export function blockingKeys(profile: Profile): string[] {
  const { name } = profile;
  const codes = [...new Set([...name.given, ...name.surname, ...name.other.slice(0, 2)].map(sound))];
  return [...nameKeys(profile, codes.slice(0, mostNameWords)), ...otherKeys(profile)];
}

/** The keys of a query: those of its profile, and those of the other forms and sounds of its names. */
export function queryKeys(profile: Profile, nicknames: Nicknames): string[] {
  const { given, surname } = profile.name;
  const keys = new Set(blockingKeys(profile));
  const forms = given.flatMap((word) => nicknames.formsOf(word));
  addSpellings(keys, profile, [...given, ...forms], surname);
  return [...keys];
}

/**
 * Whether a key is one word of a name alone. Where so many people have it that the list is cut short, it says nothing
 * beside the keys of two fields.
 */
export function isSingleWord(key: string): boolean {
  return key.startsWith('w|');
}

/** Adds the keys that a query has when its names are spelled in other ways, each with each. */
export function addSpellings(
  keys: Set<string>,
  profile: Profile,
  given: readonly string[],
  surname: readonly string[],
): void {
  const givenCodes = new Set(given.flatMap(sounds));
  const surnameCodes = new Set(surname.flatMap(sounds));
  for (const first of givenCodes) for (const last of surnameCodes) keys.add(pairKey('n', first, last));
  for (const code of new Set([...givenCodes, ...surnameCodes])) {
    for (const key of wordKeys(profile, code)) keys.add(key);
  }
}

const mostNameWords = 5;

function nameKeys(profile: Profile, codes: readonly string[]): string[] {
  const keys: string[] = [];
  codes.forEach((code, index) => {
    for (const other of codes.slice(index + 1)) keys.push(pairKey('n', code, other));
    keys.push(...wordKeys(profile, code));
  });
  return keys;
}

/** The keys of one word of a name, alone and with each other field. */
function wordKeys(profile: Profile, code: string): string[] {
  const { born, address } = profile;
  const keys = [`w|${code}`];
  if (born !== '') keys.push(`wy|${code}|${born.slice(0, 4)}`);
  if (knowsDay(born)) keys.push(`wd|${code}|${dayAndMonth(born)}`);
  if (address.postcode !== '') keys.push(`wp|${code}|${address.postcode}`);
  for (const place of placeCodes(profile, ['city', 'locality'])) keys.push(`wc|${code}|${place}`);
  for (const [extra, value] of Object.entries(profile.extras).slice(0, mostExtras)) {
    keys.push(`wx|${code}|${extra}|${value}`);
  }
  return keys;
}

const mostExtras = 4;

function otherKeys(profile: Profile): string[] {
  const { born, address } = profile;
  const keys = new Set<string>();
  if (knowsDay(born)) keys.add(`d|${born.slice(0, 4)}|${dayAndMonth(born)}`);
  if (born !== '' && address.postcode !== '') keys.add(`yp|${born.slice(0, 4)}|${address.postcode}`);
  if (born !== '') {
    for (const place of placeCodes(profile, ['city'])) keys.add(`yc|${born.slice(0, 4)}|${place}`);
    for (const [extra, value] of Object.entries(profile.extras).slice(0, mostExtras)) {
      keys.add(`yx|${born.slice(0, 4)}|${extra}|${value}`);
    }
  }
  const places = placeCodes(profile, addressLines);
  places.forEach((place, index) => {
    if (address.number !== '') keys.add(`an|${address.number}|${place}`);
    if (address.postcode !== '') keys.add(`ap|${address.postcode}|${place}`);
    for (const other of places.slice(index + 1)) keys.add(pairKey('a', place, other));
  });
  if (address.number !== '' && address.postcode !== '') keys.add(`np|${address.number}|${address.postcode}`);
  for (const phone of profile.phones) {
    keys.add(`t|${phone}`);
    keys.add(`t7|${phone.slice(-7)}`);
  }
  for (const email of profile.emails) {
    keys.add(`e|${email}`);
    keys.add(`el|${email.slice(0, Math.max(0, email.lastIndexOf('@')))}`);
    keys.add(`ep|${email.replace(/[^a-z]/g, '').slice(0, 7)}`);
  }
  if (profile.nationalId !== '') keys.add(`i|${profile.nationalId}`);
  for (const key of organisationKeys(profile)) keys.add(key);
  return [...keys];
}

function organisationKeys({ organisation }: Profile): string[] {
  const codes = organisation.filter((word) => !isKindOfPlace(word)).map(sound);
  return codes.slice(0, 8).flatMap((code, index) => {
    const next = codes[index + 1];
    return next === undefined ? [`o|${code}`] : [`o|${code}`, pairKey('oo', code, next)];
  });
}

/** Sounds of the words that tell places apart: all of a free-form line, else the whole line and its longest word. */
function placeCodes({ address }: Profile, lines: readonly (typeof addressLines)[number][]): string[] {
  const codes = new Set<string>();
  for (const line of lines) {
    const telling = (address.lines[line] ?? []).filter((word) => !isKindOfPlace(word) && word.length > 1);
    if (line === 'loose') for (const word of telling.slice(0, 5)) codes.add(sound(word));
    else if (telling.length > 0) codes.add(sound(longest(telling)));
  }
  return [...codes];
}

function longest(all: readonly string[]): string {
  return all.reduce((best, word) => (word.length > best.length ? word : best), '');
}

/** Without order, so that swapped fields make the same key. */
function pairKey(kind: string, left: string, right: string): string {
  return left < right ? `${kind}|${left}|${right}` : `${kind}|${right}|${left}`;
}

/** Without order, so that a day written where the month belongs makes the same key. */
function dayAndMonth(born: string): string {
  const [month, day] = [born.slice(4, 6), born.slice(6, 8)];
  return month < day ? `${month}|${day}` : `${day}|${month}`;
}

function knowsDay(born: string): boolean {
  return born.length === 8 && !born.endsWith('00') && born.slice(4, 8) !== '0101';
}
