import { Failure } from '../failure.ts';
import { commonPasswords } from './common-passwords.ts';

export const passwordLength = { least: 12, most: 128 } as const;

/** Letters of a password that are left when everything an attacker would try first is taken out of it. */
const leastUnguessable = 6;

/**
 * Passwords in one form, so that the same characters typed on two keyboards are the same password
 * (NIST SP 800-63B §3.1.1.2).
 */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * Refuses a password that is too short or long, common, or made of what everybody knows of the account. There are no
 * rules of composition: they make passwords no harder to guess (NIST SP 800-63B §3.1.1.2).
 *
 * @param known the account's e-mail address, names, organisation
 * @throws Failure `identity.password_weak`
 */
export function requireGoodPassword(password: string, known: readonly string[]): void {
  const normal = normalisePassword(password);
  const { length } = Array.from(normal);
  if (length < passwordLength.least || length > passwordLength.most) {
    throw weak(`A password has ${passwordLength.least} to ${passwordLength.most} characters.`);
  }
  const folded = fold(normal);
  if (commonPasswords.has(folded)) throw weak('This password is among the commonest.');
  if (new Set(folded).size < 4) throw weak('This password repeats too few characters.');
  let rest = folded;
  for (const word of wordsOf(known)) rest = rest.replaceAll(word, '');
  if (rest.length < leastUnguessable) {
    throw weak('This password is made of the account’s own address or names.');
  }
}

/** The words of what is known of an account: whole, and each part of at least four letters. */
function wordsOf(known: readonly string[]): string[] {
  const words = known.flatMap((text) => [fold(text), ...text.split(/[^\p{L}\p{N}]+/u).map(fold)]);
  return [...new Set([...words, 'perdure'])]
    .filter((word) => word.length >= 4)
    .sort((a, b) => b.length - a.length);
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, '');
}

function weak(message: string): Failure {
  return new Failure('identity.password_weak', message, { issues: [{ pointer: '/body/password', message }] });
}
