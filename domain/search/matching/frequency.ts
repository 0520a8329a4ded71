import { addressBag } from './address.ts';
import type { Profile } from './profile.ts';

/**
 * What sort of value a term is, beside `h`ouseholds and their `m`embers: `g`iven name, `s`urname, other `n`ame word, word of an `a`ddress, `p`ostcode, `d`ate of
 * birth, word of an `o`rganisation, or `x:` the name of an attribute.
 */
export type TermKind = 'g' | 's' | 'n' | 'a' | 'p' | 'd' | 'o' | 'h' | 'm' | `x:${string}`;

/** The value that stands for "has any value of this kind". No real term is empty. */
export const anyTerm = '';

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

/** What is believed of a kind before anything is counted: about how often a middling value occurs. */
const priors: Readonly<Record<string, number>> = {
  g: 0.005,
  s: 0.001,
  n: 0.005,
  a: 0.002,
  p: 0.001,
  d: 1 / 20_000,
  o: 0.003,
};
const attributePrior = 0.05;

/** How many people the prior belief weighs. */
const priorWeight = 50;

/**
 * Frequencies from counts in the record sets searched, smoothed with a prior, so that a set of three people does not
 * take a name for common because one of three has it.
 *
 * @param countOf how many people have the term, added up over the sets; with `anyTerm`, any term of the kind
 */
export function smoothedFrequency(countOf: (kind: TermKind, term: string) => number): Frequency {
  return (kind, term) => {
    const prior = priors[kind] ?? attributePrior;
    const total = Math.max(countOf(kind, anyTerm), countOf(kind, term));
    return (countOf(kind, term) + priorWeight * prior) / (total + priorWeight);
  };
}
