import { hash53 } from './hash.ts';
import { sound } from './phonetic.ts';
import type { Profile } from './profile.ts';

/**
 * What a record set is made of, counted on a sample. How much an agreement proves depends on it: where families are
 * recorded, one address is many people; where people are recorded many times over, one date of birth is often one
 * person.
 */
export interface MakeUpCounts {
  /** Distinct households, and their distinct members by first letter of the given name. */
  households: number;
  members: number;
  /** Records that tell enough of a person to be told apart, and how many people these seem to be. */
  identified: number;
  identities: number;
}

export interface MakeUp {
  /** How many further people a household has on average. Never zero. */
  furtherMembers: number;
  /** How many records a person has on average, at least 1. */
  recordsPerPerson: number;
}

/** One household, one date of birth … in four is counted: enough to know the share, a quarter of the work. */
const sampled = 4;

/** The terms that a record is counted by. A mistyped name mostly keeps its first letter, and must not look like another person. */
export function makeUpTerms(profile: Profile): ['h' | 'm' | 'i', string][] {
  const { name, address, born } = profile;
  const terms: ['h' | 'm' | 'i', string][] = [];
  const initial = name.given[0]?.[0] ?? '';
  const surname = name.surname.join('');
  const street = address.lines.street ?? address.lines.loose;
  if (street && address.number !== '' && surname !== '' && initial !== '') {
    const household = [surname, address.number, ...street].join(' ');
    if (isSampled(household)) terms.push(['h', household], ['m', `${household}|${initial}`]);
  }
  const [email] = profile.emails;
  const [phone] = profile.phones;
  if (born !== '' && surname !== '') {
    if (isSampled(born)) terms.push(['i', `${born}|${sound(surname)}|${initial}`]);
  } else if (email !== undefined || phone !== undefined) {
    const contact = email ?? `${phone}|${initial}${profile.organisation[0]?.[0] ?? ''}`;
    if (isSampled(contact)) terms.push(['i', contact]);
  }
  return terms;
}

function isSampled(text: string): boolean {
  return hash53(text) % sampled === 0;
}

/** What is believed before anything is counted, and how many households or people that weighs. */
const priors = { furtherMembers: 0.5, households: 1, people: 20 };

/** Of the further records of one person, so many have another first letter, and look like another member. */
const otherInitial = 0.03;

export function makeUpOf({ households, members, identified, identities }: MakeUpCounts): MakeUp {
  const recordsPerPerson = Math.max(1, (identified + priors.people) / (identities + priors.people));
  const misread = households * (recordsPerPerson - 1) * otherInitial;
  const further = Math.max(0, members - households - misread) + priors.furtherMembers * priors.households;
  return { furtherMembers: further / (households + priors.households), recordsPerPerson };
}
