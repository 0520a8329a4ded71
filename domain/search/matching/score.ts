import { compareAddresses } from './compare-addresses.ts';
import { compareBirthDates } from './compare-birth-dates.ts';
import { compareEmails, compareNationalIds, comparePhones } from './compare-contacts.ts';
import { compareExtras, compareOrganisations } from './compare-extras.ts';
import { compareNames } from './compare-names.ts';
import { bits, type Evidence } from './evidence.ts';
import type { Frequency } from './frequency.ts';
import type { Nicknames } from './nicknames.ts';
import type { Profile } from './profile.ts';

/** What scoring needs to know beside the two profiles. */
export interface ScoringContext {
  frequency: Frequency;
  nicknames: Nicknames;
  /** How many people, not records, are searched, or `leastPopulation`. */
  population: number;
  /** How many further people a household has on average, see `MakeUp`. */
  furtherMembers: number;
}

export interface Score {
  /** Bits of evidence, after the limit on what a household shares. Higher is likelier the same person. */
  weight: number;
  evidence: Evidence[];
}

/** People of one household share these; each of them alone would be counted as if they were independent. */
const household = new Set([
  'surname',
  'street',
  'locality',
  'city',
  'unit',
  'address',
  'street_number',
  'postcode',
  'region',
  'phone',
]);

/**
 * Compares two people: the sum of the bits of their fields. Surname, address and telephone together weigh no more than
 * finding the right household among all people searched, as far as households have further members in these records.
 */
export function scorePair(query: Profile, person: Profile, context: ScoringContext): Score {
  const { frequency, nicknames, population, furtherMembers } = context;
  const site = isOrganisation(query) && isOrganisation(person);
  const evidence = [
    ...compareNames(query.name, person.name, frequency, nicknames),
    ...compareBirthDates(query.born, person.born, frequency),
    ...compareAddresses(query.address, person.address, frequency, { mayMove: !site }),
    ...comparePhones(query.phones, person.phones),
    ...compareEmails(query.emails, person.emails),
    ...compareNationalIds(query.nationalId, person.nationalId),
    ...compareOrganisations(query.organisation, person.organisation, frequency),
    ...compareExtras(query.extras, person.extras, frequency),
  ];
  let shared = 0;
  let own = 0;
  for (const { field, weight } of evidence) {
    if (household.has(field) && !(site && field === 'phone')) shared += weight;
    else own += weight;
  }
  const called = evidence.some(({ field, level }) => field === 'phone' && level === 'exact');
  const most = bits(1, furtherMembers / population) + (called ? ownTelephone : 0);
  return { weight: Math.min(shared, most) + own, evidence };
}

/** An organisation without a person: its branches have one name and different addresses, and a telephone each. */
export function isOrganisation({ name, organisation }: Profile): boolean {
  return organisation.length > 0 && name.given.length === 0 && name.surname.length === 0;
}

/** Most telephones today are one person's, but many aren't: the household's limit is so many bits higher. */
const ownTelephone = 1.5;

/** Least bits for a field to be named as a reason of the match. */
const leastReason = 0.5;

/** The fields that speak for the match, in order of strength; an agreement by nickname is called `nickname`. */
export function matchedOn(evidence: readonly Evidence[]): string[] {
  const reasons = evidence
    .filter(({ weight, level }) => weight >= leastReason || level === 'nickname')
    .sort((a, b) => b.weight - a.weight)
    .map(({ field, level }) => (level === 'nickname' ? 'nickname' : field));
  return [...new Set(reasons)];
}
