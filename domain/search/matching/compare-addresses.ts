import { addressLines, type Address, type AddressLine } from './address.ts';
import { bits, type Evidence } from './evidence.ts';
import type { Frequency } from './frequency.ts';
import { editDistance, likeness } from './similarity.ts';

const m = { exact: 0.75, close: 0.08, postcode: 0.75, postcodeClose: 0.08, postcodeArea: 0.1 };
const u = { close: 0.003, number: 0.02, postcodeClose: 0.01, postcodeArea: 0.03 };

/** Bits against, line by line, if it is one address in two spellings. */
const against = {
  street: -3,
  locality: -2,
  city: -3,
  unit: -0.5,
  loose: -3,
  number: -2,
  postcode: -2,
  region: -1.5,
};
/**
 * Bits if somebody has moved: then street and number say nothing, and what agrees, agrees because the new home is near.
 * About one record of a person in ten has an older address; of those who move, about two in five stay in the city.
 */
const moved = Math.log2(0.1);
const stayed = { city: Math.log2(0.4), area: Math.log2(0.2) };
/** The words of a line hang together; so do the postcode and the lines. */
const shareOfFurther = 0.25;
const shareOfDependent = 0.4;
const strongestLine = 12;

/**
 * Addresses, word by word over all lines, so that a street given as a suburb, or a free-form address against one in
 * parts, still agree. Rare words count more.
 *
 * @param mayMove false for sites of organisations: another address is another branch
 */
export function compareAddresses(
  query: Address,
  person: Address,
  frequency: Frequency,
  { mayMove }: { mayMove: boolean },
): Evidence[] {
  const evidence: Evidence[] = [];
  const personLines = addressLines.filter((line) => person.lines[line]);
  for (const line of addressLines) {
    const words = query.lines[line];
    if (!words) continue;
    const found = compareLine(line, words, person, personLines, frequency);
    if (found) evidence.push(found);
  }
  const sameStreet = evidence.some(
    ({ field, weight }) => (field === 'street' || field === 'address') && weight > 3,
  );
  if (query.number !== '' && person.number !== '') {
    evidence.push(compareNumbers(query.number, person.number, sameStreet));
  }
  const strongest = Math.max(
    0,
    ...evidence.filter(({ field }) => field === 'city').map(({ weight }) => weight),
  );
  if (query.postcode !== '' && person.postcode !== '') {
    evidence.push(comparePostcodes(query.postcode, person.postcode, strongest, frequency));
  }
  if (query.region !== '' && person.region !== '') {
    const same = likeness(query.region, person.region) !== 'different';
    const weight = same ? 0.4 : against.region;
    evidence.push({
      field: 'region',
      level: same ? 'exact' : 'different',
      weight,
      query: query.region,
      value: person.region,
    });
  }
  return mayMove ? likelierStory(evidence) : evidence;
}

function compareLine(
  line: AddressLine,
  words: readonly string[],
  person: Address,
  personLines: readonly AddressLine[],
  frequency: Frequency,
): Evidence | null {
  let best: Evidence | null = null;
  for (const other of personLines) {
    const found = compareWords(line, words, other, person.lines[other] ?? [], frequency);
    if (found && (!best || found.weight > best.weight)) best = found;
  }
  if (best) return best;
  const opposite = person.lines[line] ?? (line === 'loose' ? person.lines.street : person.lines.loose);
  if (!opposite) return null;
  return {
    field: fieldOf(line),
    level: 'different',
    weight: against[line],
    query: words.join(' '),
    value: opposite.join(' '),
  };
}

function compareWords(
  line: AddressLine,
  words: readonly string[],
  other: AddressLine,
  otherWords: readonly string[],
  frequency: Frequency,
): Evidence | null {
  const weights: number[] = [];
  let exact = 0;
  for (const word of words) {
    if (otherWords.includes(word)) {
      exact += 1;
      weights.push(bits(m.exact, frequency('a', word)));
      continue;
    }
    const near = word.length < 4 ? undefined : otherWords.find((one) => likeness(word, one) === 'close');
    if (near !== undefined) weights.push(bits(m.close, frequency('a', near) + u.close));
  }
  const loose = line === 'loose' || other === 'loose';
  const [left, right] = [words.join(''), otherWords.join('')];
  if (
    weights.length < Math.min(words.length, otherWords.length) &&
    left.length >= 6 &&
    editDistance(left, right, 2) <= 2
  ) {
    const rarest = Math.min(...otherWords.map((word) => frequency('a', word)));
    weights.splice(0, weights.length, bits(m.close, rarest + u.close / 2));
  }
  if (weights.length === 0) return null;
  weights.sort((a, b) => b - a);
  const rest = weights.slice(1).reduce((sum, weight) => sum + Math.max(0, weight), 0);
  let weight = Math.min(strongestLine, (weights[0] ?? 0) + rest * (loose ? 0.6 : shareOfFurther));
  if (loose) weight = Math.min(weight * 1.2, strongestLine * 1.5);
  else if (line !== other) weight -= 1.5;
  // Words of the line that the other has not, where it has words left for them: "Oak Park" is not "Hyde Park".
  const open = loose ? 0 : Math.min(words.length, otherWords.length) - weights.length;
  if (open > 0) weight -= 2 * open;
  if (weight <= 0) return null;
  const level = line !== other && !loose ? 'swapped' : exact === words.length ? 'exact' : 'close';
  return { field: fieldOf(line), level, weight, query: words.join(' '), value: otherWords.join(' ') };
}

function compareNumbers(query: string, person: string, sameStreet: boolean): Evidence {
  const near = query.length > 1 && person.length > 1 && editDistance(query, person, 1) <= 1;
  const level = query === person ? 'exact' : near ? 'close' : 'different';
  const full =
    query === person ? bits(m.exact, u.number / Math.max(1, query.length - 1)) : near ? 0.5 : against.number;
  const weight = full > 0 && !sameStreet ? full * shareOfDependent : full;
  return { field: 'street_number', level, weight, query, value: person };
}

function comparePostcodes(query: string, person: string, cityWeight: number, frequency: Frequency): Evidence {
  const make = (level: string, full: number): Evidence => {
    // A postcode says its city again: what the city has said already is not counted twice.
    const weight = full > 0 && cityWeight > 0 ? Math.max(full * shareOfDependent, full - cityWeight) : full;
    return { field: 'postcode', level, weight, query, value: person };
  };
  if (query === person) return make('exact', bits(m.postcode, frequency('p', person)));
  if (query.length >= 4 && editDistance(query, person, 1) <= 1)
    return make('close', bits(m.postcodeClose, u.postcodeClose));
  const area = Math.max(2, query.length - 3);
  if (query.length >= 5 && query.slice(0, area) === person.slice(0, area)) {
    return make('area', bits(m.postcodeArea, u.postcodeArea));
  }
  // Neighbouring postcodes begin alike: neither for nor against.
  if (query.slice(0, 2) === person.slice(0, 2)) return make('near', 0);
  return make('different', against.postcode);
}

/** One address in two spellings, or two addresses of somebody who moved: whichever explains the lines better. */
function likelierStory(evidence: Evidence[]): Evidence[] {
  const first = evidence.find(({ level }) => level === 'different');
  if (!first) return evidence;
  const agreed = (field: string): Evidence | undefined =>
    evidence.find((found) => found.field === field && found.weight > 0);
  const near: Evidence[] = [];
  const city = agreed('city');
  const postcode = agreed('postcode');
  const nearest = city && (!postcode || city.weight >= postcode.weight) ? city : postcode;
  if (nearest) near.push({ ...nearest, weight: Math.max(0, nearest.weight + stayed.city) });
  const locality = agreed('locality');
  if (locality) near.push({ ...locality, weight: Math.max(0, locality.weight + stayed.area) });
  const region = evidence.find(({ field }) => field === 'region');
  if (region) near.push({ ...region, weight: region.weight / 2 });
  if (total(near) + moved <= total(evidence)) return evidence;
  return [{ ...first, level: 'moved', weight: moved }, ...near];
}

function total(evidence: readonly Evidence[]): number {
  return evidence.reduce((sum, { weight }) => sum + weight, 0);
}

function fieldOf(line: AddressLine): string {
  return line === 'loose' ? 'address' : line;
}
