import { addressBag } from './address.ts';
import type { Profile } from './profile.ts';

/**
 * What sort of value a term is, beside `h`ouseholds, their `m`embers and `i`dentities (see make-up.ts): `g`iven name, `s`urname, other `n`ame word, word of an `a`ddress, `p`ostcode, `d`ate of
 * birth, word of an `o`rganisation, or `x:` the name of an attribute.
 */
export type TermKind = 'g' | 's' | 'n' | 'a' | 'p' | 'd' | 'o' | 'h' | 'm' | 'i' | `x:${string}`;

/** The value that stands for "has any value of this kind". No real term is empty. */
const anyTerm = '';

/** How often a value is found among people, 0 to 1: the chance that two different people agree on it (u). */
export type Frequency = (kind: TermKind, term: string) => number;

/** The terms of a profile, each once, with `anyTerm` for each kind that it has. */
export function termsOf(profile: Profile): [TermKind, string][] {
  const { name, address } = profile;
  const terms: [TermKind, string][] = [];
  const add = (kind: TermKind, values: readonly string[]): void => {
    if (values.length > 0) terms.push([kind, anyTerm]);
    for (const value of new Set(values)) terms.push([kind, value]);
  };
  add('g', name.given);
  add('s', name.surname);
  add('n', name.other);
  add('a', addressBag(address));
  add('p', address.postcode === '' ? [] : [address.postcode]);
  add('d', profile.born === '' ? [] : [profile.born]);
  add('o', profile.organisation);
  for (const [extra, value] of Object.entries(profile.extras)) add(`x:${extra}`, [value]);
  return terms;
}

/**
 * What is believed of a kind before anything is counted: so many other people have the value, of so many. There are
 * about 25,000 days of birth, all about as common.
 */
const priors: Readonly<Record<string, { having: number; of: number }>> = {
  g: { having: 0.6, of: 100 },
  s: { having: 0.5, of: 300 },
  n: { having: 0.6, of: 100 },
  a: { having: 0.5, of: 200 },
  p: { having: 0.5, of: 200 },
  d: { having: 1, of: 20_000 },
  o: { having: 0.6, of: 100 },
};
const attributePrior = { having: 1, of: 20 };
/** No value is believed to be rarer: one in a hundred thousand is a typing error as well. */
const rarest = 1e-5;

/**
 * Frequencies of values among other people, from counts in the record sets searched, smoothed with a prior belief, so
 * that a set of three people does not take a name for common because one of three has it. The records of one person
 * are taken off: that a person agrees with itself says nothing of others.
 *
 * @param countOf how many records have the term, added up over the sets; with `anyTerm`, any term of the kind
 */
export function smoothedFrequency(
  countOf: (kind: TermKind, term: string) => number,
  recordsPerPerson: number,
): Frequency {
  return (kind, term) => {
    const prior = priors[kind] ?? attributePrior;
    const people = countOf(kind, anyTerm) / recordsPerPerson;
    const others = Math.max(0, countOf(kind, term) / recordsPerPerson - 1);
    return Math.max(rarest, (others + prior.having) / (Math.max(people, others) + prior.of));
  };
}
