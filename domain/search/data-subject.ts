import { z } from 'zod';
import { Failure, type Issue } from '../failure.ts';
import { emailKey } from './email.ts';
import { birthDateDigits, readBirthDate } from './matching/birth-date.ts';
import { words } from './matching/text.ts';
import { addressesIn, daysIn, numbersIn } from './mentions.ts';
import { normalisePhone, phoneKey } from './phone.ts';

const text = z.string().min(1).max(1_000);

/** By what a person is known who wants to be forgotten (GDPR Art. 17). Each of these suffices alone. */
export const dataSubjectSchema = z.strictObject({
  emails: z.array(text).max(20).optional(),
  phones: z
    .array(text)
    .max(20)
    .optional()
    .meta({ description: 'With a + and the country, or of the given `country`.' }),
  country: z
    .string()
    .length(2)
    .optional()
    .meta({ examples: ['DE'] }),
  name: text.optional().meta({
    description: 'Needs `date_of_birth`: a name alone is many people’s.',
    examples: ['Ada Lovelace'],
  }),
  date_of_birth: text.optional().meta({ examples: ['1815-12-10'] }),
  person_ids: z.array(z.uuid()).max(100).optional().meta({ description: 'As searches give them.' }),
});

export type DataSubject = z.infer<typeof dataSubjectSchema>;

/**
 * What every text that is of a person has in it, for a database to look first and leave the rest alone: some of `letters`
 * in what is left of the text when it is written small and only a–z and 0–9 stay, or some of `digits` in its digits alone.
 */
export interface Needles {
  letters: string[];
  digits: string[];
}

/** Tells what speaks of a person. */
export interface Recogniser {
  /** Whether any of these texts is of the person: a row's cells, or all that a record says. */
  holds: (texts: readonly string[]) => boolean;
  /**
   * Whether any of them is, or speaks of the person within a sentence. Of texts that go by themselves, such as a note: a whole
   * record may be somebody else's who has named the person.
   */
  isMentioned: (texts: readonly string[]) => boolean;
  personIds: ReadonlySet<string>;
  /** Null when nothing is certain to be there, as with a name, which is written in many ways: everything must be looked at. */
  needles: Needles | null;
}

/**
 * Reads what a person is known by. A text is of the person when it is one of the addresses or numbers in any spelling. Texts
 * that belong together are when they have all words of the name, and one of them is the date of birth.
 *
 * @throws Failure `search.erasure_invalid` for what can't be read, or names nobody
 */
export function recogniserOf(subject: DataSubject): Recogniser {
  const issues: Issue[] = [];
  const read = (list: 'emails' | 'phones', key: (raw: string) => string | null): Set<string> =>
    new Set(
      (subject[list] ?? []).flatMap((raw, index) => {
        const found = key(raw);
        if (found === null) issues.push({ pointer: `/${list}/${index}`, message: "This can't be read." });
        return found ?? [];
      }),
    );
  const emails = read('emails', emailKey);
  const phones = read('phones', (raw) => phoneKey(raw, subject.country));
  const name = words(subject.name);
  const born = readBirthDate(subject.date_of_birth);
  const exact = born !== null && born.month > 0 && born.day > 0;
  if (subject.date_of_birth !== undefined && !exact)
    issues.push({ pointer: '/date_of_birth', message: "This can't be read as a day." });
  if (name.length > 0 !== exact && issues.length === 0)
    issues.push({ pointer: '/name', message: 'A name and a date of birth are given together.' });
  const personIds = new Set(subject.person_ids ?? []);
  if (issues.length === 0 && emails.size + phones.size + personIds.size + name.length === 0)
    issues.push({
      pointer: '',
      message: 'Give an address, a number, a name with a date of birth, or a person.',
    });
  if (issues.length > 0) throw new Failure('search.erasure_invalid', 'This names nobody.', { issues });

  // What can't be the number is told by its last digits, as reading a number takes long.
  const endings = [...phones].map((phone) => phone.slice(-6));
  const isPhone = (raw: string): boolean => {
    const digits = raw.replace(/\D/g, '');
    if (!endings.some((ending) => digits.includes(ending))) return false;
    if (phones.has(phoneKey(raw, subject.country) ?? '')) return true;
    // Written without its country, as most lists do.
    const national = digits.replace(/^0+/, '');
    return national.length >= 7 && [...phones].some((phone) => phone.endsWith(national));
  };
  const isEmail = (raw: string): boolean => raw.includes('@') && emails.has(emailKey(raw) ?? '');
  const bornDigits = exact ? birthDateDigits(born) : '';
  const isBirthDate = (raw: string): boolean => {
    const date = raw.length <= 40 && /\d{4}/.test(raw) ? readBirthDate(raw) : null;
    return date !== null && birthDateDigits(date) === bornDigits;
  };

  const isNamed = (texts: readonly string[]): boolean => {
    const said = new Set(texts.flatMap(words));
    return name.every((word) => said.has(word));
  };

  const holds = (texts: readonly string[]): boolean => {
    const parts = texts.flatMap((one) => one.split(/[;|,\n]/));
    if (emails.size > 0 && parts.some(isEmail)) return true;
    if (phones.size > 0 && parts.some(isPhone)) return true;
    if (personIds.size > 0 && texts.some((one) => personIds.has(one))) return true;
    return bornDigits !== '' && texts.some(isBirthDate) && isNamed(texts);
  };

  const numbers = new Set([...phones].flatMap((phone) => [phone.slice(1), nationalDigits(phone)]));
  const isIn = (text: string): boolean => {
    if (addressesIn(text).some(isEmail)) return true;
    if ([...personIds].some((id) => text.includes(id))) return true;
    if (!endings.some((ending) => text.replace(/\D/g, '').includes(ending))) return false;
    for (const number of numbersIn(text)) if (numbers.has(number)) return true;
    return false;
  };
  const isMentioned = (texts: readonly string[]): boolean => {
    if (holds(texts) || texts.some(isIn)) return true;
    return bornDigits !== '' && texts.some((one) => daysIn(one).some(isBirthDate)) && isNamed(texts);
  };
  const letters = [...emails].map(lettersOfMailbox).concat([...personIds].map(lettersOf));
  const certain = name.length === 0 && letters.every((one) => one !== '');
  return { holds, isMentioned, personIds, needles: certain ? { letters, digits: endings } : null };
}

/** A number as it is dialled within its country, without noughts in front. */
function nationalDigits(e164: string): string {
  return normalisePhone(e164).national.replace(/\D/g, '').replace(/^0+/, '');
}

/** What stays of a mailbox in every spelling of it: none writes another name before the @, but for dots and tags. */
function lettersOfMailbox(key: string): string {
  const name = key.slice(0, key.lastIndexOf('@'));
  // Beyond ASCII one letter has several spellings.
  return /^[\x20-\x7e]*$/.test(name) ? lettersOf(name) : '';
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** All texts in a piece of JSON, for `Recogniser.holds`; of a text that is JSON itself also those in it. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value, ...textsIn(jsonIn(value))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** What a text that is JSON says, such as the body of a message in a column; null for any other. */
function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
