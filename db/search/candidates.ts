import type { Sql } from '../sql.ts';

/** The people who share keys with a query, the most telling first. */
export interface Candidate {
  /** The place of the query in the list asked for. */
  query: number;
  personNo: string;
}

/** A blocking key of a query, hashed for a record set that is searched. */
export interface QueryKey {
  key: number;
  /** It votes only if few people have it. */
  ifRare: boolean;
}

export interface CandidateScope {
  tenantId: string;
  recordSetIds: readonly string[];
  /** How many people these sets hold. */
  population: number;
}

/** Of a key that more people share only so many are looked at: such a key says little. */
const longestList = 300;
/** A key that votes only if few people have it does not vote from so many people on. */
const longestRareList = 250;
/** Most candidates of a query that are compared. */
const mostCandidates = 40;
/** So many are compared in any case; a further one only if its votes could make it the one among all people. */
const fewCandidates = 12;

/**
 * Finds candidates for many queries in one statement. Each key votes for the people who have it, by the logarithm of
 * how few they are.
 */
export async function findCandidates(
  sql: Sql,
  scope: CandidateScope,
  queries: readonly (readonly QueryKey[])[],
): Promise<Candidate[]> {
  const places: number[] = [];
  const keys: number[] = [];
  const ifRare: boolean[] = [];
  queries.forEach((own, place) => {
    for (const one of own) {
      places.push(place);
      keys.push(one.key);
      ifRare.push(one.ifRare);
    }
  });
  if (keys.length === 0) return [];
  return await sql<Candidate>(vote, [
    scope.tenantId,
    scope.recordSetIds,
    scope.population,
    places,
    keys,
    ifRare,
    longestList,
    longestRareList,
    mostCandidates,
    fewCandidates,
  ]);
}

const vote = `
  with lists as materialized (
    select place, if_rare, array(
      select person_no from search.person_keys
      where person_keys.key = asked.key order by person_keys.key, person_no
      limit case when asked.if_rare then $8::int else $7::int end
    ) as people
    from unnest($4::int[], $5::bigint[], $6::boolean[]) as asked (place, key, if_rare)
  ), votes as (
    select place, person_no, sum(ln(1 + $3::float8 / cardinality(people))) as strength
    from lists, unnest(people) as person_no
    where not (if_rare and cardinality(people) >= $8::int)
    group by place, person_no
  ), ranked as (
    select place, person_no, strength,
      row_number() over (partition by place order by strength desc, person_no) as rank
    from votes
  )
  select ranked.place as query, ranked.person_no::text as "personNo"
  from ranked
  join search.persons person using (person_no)
  where rank <= $9::int and (rank <= $10::int or strength >= 0.75 * ln($3::float8))
    and person.tenant_id = $1::uuid and person.record_set_id = any($2::uuid[])
  order by place, rank`;
