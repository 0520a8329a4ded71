import { bits, type Evidence } from './evidence.ts';
import type { Frequency } from './frequency.ts';
import { likeness } from './similarity.ts';

/** Attributes we know nothing about: agreement counts by rarity, but little; disagreement hardly. */
const m = { exact: 0.65, close: 0.08 };
const u = { close: 0.02 };
const strongest = 5;
const against = -1;
const limits = { most: 9, least: -2.5 };

/** Attributes that both have, by name. Together they never decide alone. */
export function compareExtras(
  query: Readonly<Record<string, string>>,
  person: Readonly<Record<string, string>>,
  frequency: Frequency,
): Evidence[] {
  const evidence: Evidence[] = [];
  for (const [name, left] of Object.entries(query)) {
    const right = person[name];
    if (right === undefined) continue;
    const alike = likeness(left, right);
    const common = frequency(`x:${name}`, right);
    const [level, weight] =
      alike === 'exact'
        ? ['exact', Math.max(0, Math.min(strongest, bits(m.exact, common)))]
        : alike === 'close'
          ? ['close', bits(m.close, common + u.close)]
          : ['different', against];
    evidence.push({ field: `attributes.${name}`, level, weight, query: left, value: right });
  }
  return limited(evidence);
}

function limited(evidence: Evidence[]): Evidence[] {
  const sum = evidence.reduce((total, { weight }) => total + weight, 0);
  const bound = Math.max(limits.least, Math.min(limits.most, sum));
  return sum === bound ? evidence : evidence.map((one) => ({ ...one, weight: (one.weight * bound) / sum }));
}

/** Names of organisations: the rarer the shared words the better, words that only one side has count against. */
export function compareOrganisations(
  query: readonly string[],
  person: readonly string[],
  frequency: Frequency,
): Evidence[] {
  if (query.length === 0 || person.length === 0) return [];
  let shared = 0;
  let alone = 0;
  for (const word of query) {
    const rarity = -Math.log2(frequency('o', word));
    if (person.includes(word)) shared += rarity;
    else if (person.some((other) => likeness(word, other) === 'close')) shared += rarity * 0.7;
    else alone += rarity;
  }
  for (const word of person) {
    if (!query.includes(word) && !query.some((other) => likeness(word, other) === 'close')) {
      alone -= Math.log2(frequency('o', word)) * 0.3;
    }
  }
  const weight = Math.max(-2, Math.min(10, shared * 0.5 - alone * 0.2));
  const level = alone === 0 ? 'exact' : shared === 0 ? 'different' : 'similar';
  return [{ field: 'organisation', level, weight, query: query.join(' '), value: person.join(' ') }];
}
