import { words } from './text.ts';
import type { PersonFields } from '../person.ts';

/** A name in folded words by role. `other` are words whose role is not known, such as middle names and by-names. */
export interface PersonName {
  given: string[];
  surname: string[];
  other: string[];
}

/** Most words of one role that are looked at. */
const mostWords = 8;

const titles = new Set(['mr', 'mrs', 'ms', 'miss', 'mx', 'dr', 'prof', 'rev', 'sir', 'dame', 'herr', 'frau']);
const suffixes = new Set(['jr', 'sr', 'ii', 'iii', 'iv', 'phd', 'md', 'esq']);
const particles = new Set(
  'van von der den de da di du del della la le dos das ter ten al el bin ibn ben abu mac st san'.split(' '),
);
const syllabic = /^[\p{Script=Han}\p{Script=Hangul}]{2,4}$/u;

/** Reads the name of a person. Where given name and surname are there, the full name only adds its further words. */
export function readName(fields: PersonFields): PersonName {
  const given = words(fields.given_name);
  const surname = words(fields.surname);
  const middle = words(fields.middle_name);
  const whole = fields.full_name === undefined ? undefined : splitFullName(fields.full_name);
  if (whole && given.length === 0 && surname.length === 0) {
    return limited({ given: whole.given, surname: whole.surname, other: [...middle, ...whole.other] });
  }
  const known = new Set([...given, ...surname, ...middle]);
  const more = whole
    ? [...whole.given, ...whole.other, ...whole.surname].filter((word) => !known.has(word))
    : [];
  return limited({ given, surname, other: [...middle, ...more] });
}

/** "Given Middle Surname", "Surname, Given Middle", particles with the surname, titles and suffixes left out. */
function splitFullName(raw: string): PersonName {
  const trimmed = raw.normalize('NFKC').trim();
  if (syllabic.test(trimmed)) {
    // Chinese and Korean: one syllable of family name, then the given name.
    const [surname, ...given] = words(trimmed);
    return {
      given: given.length === 0 ? [] : [given.join('')],
      surname: surname ? [surname] : [],
      other: given,
    };
  }
  const [head = '', ...tail] = trimmed.split(/[,،、]/);
  const before = nameWords(head);
  const after = nameWords(tail.join(' '));
  if (before.length === 1 && after.length > 0) {
    const [given, ...other] = after;
    return { given: given === undefined ? [] : [given], surname: before, other };
  }
  const { given, surname, other } = splitInOrder(before);
  return { given, surname, other: [...other, ...after] };
}

function splitInOrder(all: string[]): PersonName {
  if (all.length <= 1) return { given: [], surname: all, other: [] };
  const particle = all.findIndex((word, index) => index > 0 && index < all.length - 1 && particles.has(word));
  const start = particle > 0 ? particle : all.length - 1;
  return { given: all.slice(0, 1), surname: all.slice(start), other: all.slice(1, start) };
}

function nameWords(raw: string): string[] {
  const all = words(raw);
  const names = all.filter((word) => !titles.has(word) && !suffixes.has(word));
  return names.length === 0 ? all : names;
}

function limited(name: PersonName): PersonName {
  return {
    given: name.given.slice(0, mostWords),
    surname: name.surname.slice(0, mostWords),
    other: [...new Set(name.other)].slice(0, mostWords),
  };
}
