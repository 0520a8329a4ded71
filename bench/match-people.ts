import { readFileSync } from 'node:fs';
import type { PersonFields } from '../domain/search/person.ts';
import { febrl, given, type Labelled } from './match-datasets.ts';

/** A repeatable source of chance (mulberry32). */
export type Chance = () => number;

export function chance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Words by rank, drawn with chance proportional to 1 / (rank + 10) ^ exponent: about as names are distributed. */
class Vocabulary {
  readonly #words: string[];
  readonly #sums: number[] = [];

  constructor(words: Iterable<string>, exponent: number) {
    this.#words = [...new Set(words)];
    let sum = 0;
    this.#words.forEach((_, rank) => {
      sum += 1 / (rank + 10) ** exponent;
      this.#sums.push(sum);
    });
  }

  draw(random: Chance): string {
    const wanted = random() * (this.#sums.at(-1) ?? 0);
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.#words[low] ?? '';
  }
}

const syllables =
  'ba be bri car col dan der dow el fen gar gil har hol ing ken lan lor mar mil nor ol pem quin ros sal sten ter tor val wes win wy'.split(
    ' ',
  );
const endings = 'son ton ley man ford well ham er s wood field worth by den ridge ing ski elli ova ez'.split(
  ' ',
);

function invented(random: Chance, count: number): string[] {
  return Array.from({ length: count }, () => {
    const middle = random() < 0.6 ? pick(random, syllables) : '';
    return pick(random, syllables) + middle + pick(random, endings);
  });
}

export interface People {
  person(): PersonFields;
  nickname(name: string): string;
}

/** Draws people: the names and places of FEBRL as the common ones, invented ones as the long tail. */
export function people(random: Chance, surnames: number, places: number): People {
  const records = febrl('febrl/dataset4a.csv').map(({ fields }) => fields);
  const values = (name: 'given_name' | 'surname' | 'street' | 'city' | 'locality'): string[] =>
    commonFirst(records.flatMap((one) => one[name] ?? []));
  const nicknames = new Map<string, string[]>();
  for (const line of readFileSync(new URL('../data/nicknames/names.csv', import.meta.url), 'utf8')
    .split(/\r?\n/)
    .slice(1)) {
    const [name = '', , nickname = ''] = line.split(',');
    if (name !== '') nicknames.set(name, [...(nicknames.get(name) ?? []), nickname]);
  }
  const givenNames = new Vocabulary([...values('given_name'), ...nicknames.keys()], 1.1);
  const surnameWords = new Vocabulary([...values('surname'), ...invented(random, surnames)], 0.9);
  const streets = new Vocabulary(
    [...values('street'), ...invented(random, places * 4).map((name) => `${name} street`)],
    0.6,
  );
  const cities = new Vocabulary([...values('city'), ...invented(random, places)], 0.9);
  return {
    nickname: (name) => {
      const known = nicknames.get(name) ?? [];
      return known.length === 0 ? name : pick(random, known);
    },
    person: () => {
      const given_name = givenNames.draw(random);
      const surname = surnameWords.draw(random);
      const year = 1920 + Math.floor(random() * 85);
      const month = 1 + Math.floor(random() * 12);
      const day = 1 + Math.floor(random() * 28);
      const city = cities.draw(random);
      return {
        given_name,
        surname,
        date_of_birth: `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
        street_number: String(1 + Math.floor(random() ** 2 * 300)),
        street: streets.draw(random),
        city,
        postcode: String(1000 + ((letterSum(city) * 7 + Math.floor(random() * 5)) % 9000)),
        phones: [`+614${String(Math.floor(random() * 1e8)).padStart(8, '0')}`],
        emails: [
          `${given_name}${pick(random, ['.', '', '_'])}${surname}${Math.floor(random() * 100)}@${pick(random, mailHosts)}`.replace(
            / /g,
            '',
          ),
        ],
      };
    },
  };
}

const mailHosts = ['gmail.com', 'yahoo.com', 'hotmail.com', 'example.org', 'work.example'];

function commonFirst(values: string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}

function letterSum(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index += 1) sum = (sum * 31 + text.charCodeAt(index)) % 100_003;
  return sum;
}

export function pick<T>(random: Chance, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('There is nothing to pick from.');
  return value;
}

/** One or two typing errors: a letter left out, doubled, changed, or swapped with its neighbour. */
export function mistype(random: Chance, text: string): string {
  let result = text;
  for (let errors = random() < 0.75 ? 1 : 2; errors > 0; errors -= 1) {
    const at = Math.floor(random() * result.length);
    const letter = String.fromCharCode(97 + Math.floor(random() * 26));
    const kind = random();
    if (kind < 0.3) result = result.slice(0, at) + result.slice(at + 1);
    else if (kind < 0.5) result = result.slice(0, at) + letter + result.slice(at);
    else if (kind < 0.75) result = result.slice(0, at) + letter + result.slice(at + 1);
    else
      result =
        result.slice(0, at) +
        result
          .slice(at, at + 2)
          .split('')
          .reverse()
          .join('') +
        result.slice(at + 2);
  }
  return result;
}

export function mistypeDate(random: Chance, date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  const kind = random();
  if (kind < 0.3) return `${year}-01-01`;
  if (kind < 0.45) return `${year}-${day <= '12' ? day : month}-${day <= '12' ? month : day}`;
  if (kind < 0.65) return `${Number(year) + pick(random, [-10, -1, 1, 10])}-${month}-${day}`;
  if (kind < 0.85) return `${year}-${month}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`;
  return `${year}-${String(1 + Math.floor(random() * 12)).padStart(2, '0')}-${day}`;
}

const occupations =
  'politician writer painter farmer officer clergyman actor engineer footballer cricketer lawyer'.split(' ');

/**
 * Records as in registers of historical people: many a person, by-names and nicknames, other postcodes near by, dates
 * that are only years, a fifth of the values missing, occupation and place of birth as attributes.
 */
export function registerRecords(seed: number, persons: number): Labelled[] {
  const random = chance(seed);
  const source = people(random, 8_000, 300);
  const labelled: Labelled[] = [];
  for (let entity = 0; entity < persons; entity += 1) {
    const person = source.person();
    const byName = source.person().surname;
    const place = source.person().city;
    const work = random() < 0.35 ? 'politician' : pick(random, occupations);
    const postcode = `${(place ?? 'xx').slice(0, 2)}${1 + Math.floor(random() * 30)}`;
    const gender = random() < 0.8 ? 'male' : 'female';
    const copies = 1 + Math.floor(random() ** 2 * 16);
    for (let copy = 0; copy < copies; copy += 1) {
      const first = random() < 0.12 ? source.nickname(person.given_name ?? '') : person.given_name;
      const last = random() < 0.1 ? byName : person.surname;
      const swapped = random() < 0.02;
      const written = (text: string | undefined, rate: number): string | undefined =>
        text !== undefined && random() < rate ? mistype(random, text) : text;
      const born = person.date_of_birth;
      const fields = given({
        given_name: random() < 0.03 ? undefined : written(swapped ? last : first, 0.1),
        surname: random() < 0.04 ? undefined : written(swapped ? first : last, 0.12),
        date_of_birth:
          random() < 0.15 ? undefined : born && random() < 0.2 ? mistypeDate(random, born) : born,
        postcode:
          random() < 0.2
            ? undefined
            : `${random() < 0.25 ? `${(place ?? 'xx').slice(0, 2)}${1 + Math.floor(random() * 30)}` : postcode} ${1 + (letterSum(postcode) % 9)}aa`,
      });
      const attributes = Object.fromEntries(
        [
          [
            'birth_place',
            random() < 0.15 ? '' : random() < 0.1 ? (source.person().city ?? '') : (place ?? ''),
          ],
          ['occupation', random() < 0.3 ? '' : work],
          ['gender', random() < 0.2 ? '' : gender],
        ].filter(([, value]) => value !== ''),
      ) as Record<string, string>;
      labelled.push({ entity: String(entity), fields: { ...fields, attributes } });
    }
  }
  return labelled;
}

/** A small file of customers: name, date of birth, city, e-mail; a fifth missing, letters shaken up, a third in one city. */
export function customerRecords(seed: number, persons: number): Labelled[] {
  const random = chance(seed);
  const source = people(random, 1_000, 60);
  const labelled: Labelled[] = [];
  for (let entity = 0; entity < persons; entity += 1) {
    const person = source.person();
    const city = random() < 0.35 ? 'london' : person.city;
    const copies = 1 + Math.floor(random() * 6);
    for (let copy = 0; copy < copies; copy += 1) {
      const text = (value: string | undefined): string | undefined =>
        random() < 0.18 || value === undefined ? undefined : random() < 0.2 ? mistype(random, value) : value;
      const swapped = random() < 0.06;
      const email = text(person.emails?.[0]);
      const born = person.date_of_birth ?? '';
      labelled.push({
        entity: String(entity),
        fields: {
          ...given({
            given_name: text(swapped ? person.surname : person.given_name),
            surname: text(swapped ? person.given_name : person.surname),
            date_of_birth: random() < 0.15 ? mistypeDate(random, born) : born,
            city: text(city),
          }),
          ...(email === undefined ? {} : { emails: [email] }),
        },
      });
    }
  }
  return labelled;
}
