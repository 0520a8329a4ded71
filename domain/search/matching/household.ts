import { hash53 } from './hash.ts';
import type { Profile } from './profile.ts';

/**
 * People who share surname and address may be one person recorded twice, or a family. How often it is a family is a
 * property of the record set, so it is counted there: households, and their members by first letter of the given name
 * (a mistyped given name mostly keeps it, and must not look like another member).
 */
export interface Household {
  household: string;
  member: string;
}

/** One household in four is counted: enough to know the share, a quarter of the work. */
const sampled = 4;

/** The household and the member that a person is counted as; null for the three in four that aren't, or if unknown. */
export function countedHousehold({ name, address }: Profile): Household | null {
  const street = address.lines.street ?? address.lines.loose;
  const initial = name.given[0]?.[0];
  if (!street || address.number === '' || name.surname.length === 0 || initial === undefined) return null;
  const household = [name.surname.join(''), address.number, ...street].join(' ');
  if (hash53(household) % sampled !== 0) return null;
  return { household, member: `${household}|${initial}` };
}

/** What is believed before anything is counted: so many further members a household, and how many households it weighs. */
const prior = { furtherMembers: 0.5, weight: 3 };

/** How many further people a household has on average, from the numbers counted. Never zero. */
export function furtherMembers(households: number, members: number): number {
  return (
    (Math.max(0, members - households) + prior.furtherMembers * prior.weight) / (households + prior.weight)
  );
}
