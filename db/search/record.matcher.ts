import { addSpellings, isSingleWord, queryKeys } from '../../domain/search/matching/blocking.ts';
import { smoothedFrequency } from '../../domain/search/matching/frequency.ts';
import type { Evidence } from '../../domain/search/matching/evidence.ts';
import { makeUpOf, type MakeUp } from '../../domain/search/matching/make-up.ts';
import type { Nicknames } from '../../domain/search/matching/nicknames.ts';
import {
  leastPopulation,
  matchOdds,
  posteriors,
  withWitnesses,
} from '../../domain/search/matching/probability.ts';
import { profileOf, type Profile } from '../../domain/search/matching/profile.ts';
import {
  isOrganisation,
  matchedOn,
  scorePair,
  type Score,
  type ScoringContext,
} from '../../domain/search/matching/score.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import type { Sql } from '../sql.ts';
import { findCandidates, type CandidateScope, type QueryKey } from './candidates.ts';
import { nicknames as productNicknames } from './nicknames.ts';
import { RecordKeys } from './record-keys.ts';
import { findSimilarNames } from './similar-names.ts';
import { countTermsOf } from './term-counts.ts';

/** A person of the records who may be the one asked for. */
export interface RecordMatch {
  personId: string;
  recordSetId: string;
  externalId: string | null;
  fields: PersonFields;
  /** Calibrated: of the matches given with 0.9, about nine in ten are right. */
  probability: number;
  /** Bits of evidence. */
  score: number;
  matchedOn: string[];
  evidence: Evidence[];
}

export interface MatchOptions {
  /** Only these record sets; null or none: all of the tenant's. */
  recordSetIds?: readonly string[] | null;
  /** Least probability of a match. Default 0: all candidates, ranked. */
  minScore?: number;
  /** Most matches a query. Default 10. */
  limit?: number;
}

interface Scored extends Score {
  personNo: string;
  profile: Profile;
  odds: number;
  probability: number;
}

/** Below this probability of the best match, a query is asked again with other spellings of its names. */
const sure = 0.95;
/** However clean records are, one person in twenty is in them twice. */
const fewestFurtherRecords = 0.05;
/** So many of the best candidates are weighed against each other. */
const mostRivals = 16;
/** Odds below which even another record of the person is no reason to believe in a candidate. */
const hopeless = 2 ** -10;

/** Finds people in the records of a tenant: by blocking keys in the database, then by evidence. */
export class RecordMatcher {
  readonly #sql: Sql;
  readonly #nicknames: Nicknames;

  constructor(sql: Sql, nicknames: Nicknames = productNicknames()) {
    this.#sql = sql;
    this.#nicknames = nicknames;
  }

  /**
   * Matches many queries at once; a few hundred a call are best. Gives for each, in order, its matches, best first.
   * Record sets that are not the tenant's are searched as if they were empty.
   */
  async match(
    tenantId: string,
    queries: readonly PersonFields[],
    { recordSetIds = null, minScore = 0, limit = 10 }: MatchOptions = {},
  ): Promise<RecordMatch[][]> {
    const sets = await this.#sql<RecordSetCounts>(
      `select id, person_count::text as people, household_count::text as households, identified_count::text as identified, identity_count::text as identities,
         member_count::text as members
       from search.record_sets
       where tenant_id = $1 and deleted_at is null and visible and person_count > 0
         and ($2::uuid[] is null or coalesce(content_of, id) = any($2::uuid[]))`,
      [tenantId, recordSetIds],
    );
    if (sets.length === 0) return queries.map(() => []);
    const makeUp = makeUpOf({
      households: total(sets, 'households'),
      members: total(sets, 'members'),
      identified: total(sets, 'identified'),
      identities: total(sets, 'identities'),
    });
    const scope: Scope = {
      tenantId,
      recordSetIds: sets.map(({ id }) => id),
      population: Math.max(leastPopulation, total(sets, 'people') / makeUp.recordsPerPerson),
      ...makeUp,
    };
    const keys = sets.map(({ id, people }) => new RecordKeys(id, people));
    const profiles = queries.map(profileOf);
    const first = profiles.map((profile) => queryKeys(profile, this.#nicknames));
    const ranked = await this.#rank(scope, keys, profiles, first);
    await this.#askAgain(scope, keys, profiles, ranked);
    const chosen = ranked.map((all) =>
      all.filter(({ probability }) => probability >= minScore).slice(0, limit),
    );
    return await this.#withFields(tenantId, chosen);
  }

  /** Asks once more, with other spellings of the names, for the queries that have no sure match. */
  async #askAgain(
    scope: Scope,
    keys: readonly RecordKeys[],
    profiles: readonly Profile[],
    ranked: Scored[][],
  ): Promise<void> {
    const unsure = ranked.flatMap((all, place) => ((all[0]?.probability ?? 0) < sure ? [place] : []));
    const again = unsure.flatMap((place) => profiles[place] ?? []);
    const similar = await findSimilarNames(this.#sql, keys, again);
    const spelled = again.map((profile, index) => {
      const names = similar[index];
      const wider = new Set<string>();
      if (names) {
        const given = [...profile.name.given, ...names.given];
        const surname = [...profile.name.surname, ...names.surname];
        addSpellings(wider, profile, given, surname);
      }
      for (const key of queryKeys(profile, this.#nicknames)) wider.add(key);
      return [...wider];
    });
    const better = await this.#rank(scope, keys, again, spelled);
    better.forEach((all, index) => {
      const place = unsure[index];
      if (place !== undefined) ranked[place] = all;
    });
  }

  async #rank(
    scope: Scope,
    keys: readonly RecordKeys[],
    profiles: readonly Profile[],
    blocking: readonly (readonly string[])[],
  ): Promise<Scored[][]> {
    if (profiles.length === 0) return [];
    const hashed = blocking.map((own) => hashKeys(own, keys));
    const candidates = await findCandidates(this.#sql, scope, hashed);
    const people = await this.#profiles([...new Set(candidates.map(({ personNo }) => personNo))]);
    const countOf = await countTermsOf(this.#sql, keys, [...profiles, ...people.values()]);
    const context: ScoringContext = {
      frequency: smoothedFrequency(countOf, scope.recordsPerPerson),
      nicknames: this.#nicknames,
      population: scope.population,
      furtherMembers: scope.furtherMembers,
    };
    const scored = profiles.map((): Scored[] => []);
    for (const { query, personNo } of candidates) {
      const profile = profiles[query];
      const person = people.get(personNo);
      if (!profile || !person) continue;
      const score = scorePair(profile, person, context);
      const odds = matchOdds(score.weight, scope.population);
      scored[query]?.push({ ...score, personNo, profile: person, odds, probability: 0 });
    }
    for (const all of scored) weighRivals(all, context, scope.recordsPerPerson);
    return scored;
  }

  async #profiles(personNos: readonly string[]): Promise<Map<string, Profile>> {
    const rows = await this.#sql<{ person_no: string; profile: string }>(
      'select person_no::text, profile from search.persons where person_no = any($1::bigint[])',
      [personNos],
    );
    return new Map(rows.map(({ person_no, profile }) => [person_no, JSON.parse(profile) as Profile]));
  }

  async #withFields(tenantId: string, chosen: readonly Scored[][]): Promise<RecordMatch[][]> {
    const personNos = [...new Set(chosen.flat().map(({ personNo }) => personNo))];
    const rows = await this.#sql<StoredPerson>(
      `select person_no::text, person.id, coalesce(content_of, record_set_id) as record_set_id, external_id, fields
       from search.persons person join search.record_sets record_set on record_set.id = record_set_id
       where person.tenant_id = $1 and person_no = any($2::bigint[])`,
      [tenantId, personNos],
    );
    const stored = new Map(rows.map((row) => [row.person_no, row]));
    return chosen.map((all) =>
      all.flatMap(({ personNo, probability, weight, evidence }) => {
        const person = stored.get(personNo);
        return person
          ? [
              {
                personId: person.id,
                recordSetId: person.record_set_id,
                externalId: person.external_id,
                fields: person.fields,
                probability,
                score: weight,
                matchedOn: matchedOn(evidence),
                evidence,
              },
            ]
          : [];
      }),
    );
  }
}

type Count = 'people' | 'households' | 'members' | 'identified' | 'identities';

type RecordSetCounts = { id: string } & Record<Count, string>;

type Scope = CandidateScope & MakeUp;

function total(sets: readonly RecordSetCounts[], what: Count): number {
  return sets.reduce((sum, set) => sum + Number(set[what]), 0);
}

interface StoredPerson {
  person_no: string;
  id: string;
  record_set_id: string;
  external_id: string | null;
  fields: PersonFields;
}

function hashKeys(own: readonly string[], sets: readonly RecordKeys[]): QueryKey[] {
  const onlyWords = own.every(isSingleWord);
  return sets.flatMap((set) =>
    own.map((key) => ({ key: set.blocking(key), ifRare: !onlyWords && isSingleWord(key) })),
  );
}

/** Sorts candidates and gives them their probabilities, each in view of the others. */
function weighRivals(all: Scored[], context: ScoringContext, recordsPerPerson: number): void {
  const furtherRecords = Math.max(fewestFurtherRecords, recordsPerPerson - 1);
  all.sort((a, b) => b.weight - a.weight);
  const rivals = all.slice(0, mostRivals).filter(({ odds }) => odds > hopeless);
  const known = new Map<number, number>();
  const samePerson = (left: number, right: number): number => {
    const pair = left < right ? left * mostRivals + right : right * mostRivals + left;
    const [one, other] = [rivals[left], rivals[right]];
    if (!one || !other) return 0;
    let same = known.get(pair);
    if (same === undefined) {
      const { weight } = scorePair(one.profile, other.profile, context);
      const odds = matchOdds(weight, context.population) * furtherRecords;
      same = odds / (1 + odds);
      known.set(pair, same);
    }
    return same;
  };
  const own = posteriors(
    rivals.map(({ odds }) => odds),
    samePerson,
  );
  // Sites of one organisation share too much to vouch for one another.
  const sites = rivals.some(({ profile }) => isOrganisation(profile));
  const probabilities = sites ? own : withWitnesses(own, samePerson);
  all.forEach((one, index) => {
    one.probability = probabilities[index] ?? one.odds / (1 + one.odds);
  });
  all.sort((a, b) => b.probability - a.probability || b.weight - a.weight);
}
