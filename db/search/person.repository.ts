import { v7 as uuidv7 } from 'uuid';
import { blockingKeys } from '../../domain/search/matching/blocking.ts';
import { termsOf, type TermKind } from '../../domain/search/matching/frequency.ts';
import { makeUpTerms } from '../../domain/search/matching/make-up.ts';
import { profileOf, type Profile } from '../../domain/search/matching/profile.ts';
import { spellingForms } from '../../domain/search/matching/spelling.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import type { Sql } from '../sql.ts';
import { RecordKeys } from './record-keys.ts';

/** A person to store. `rowNo` is its place in the import, which makes a repeated import harmless. */
export interface NewPerson {
  fields: PersonFields;
  rowNo?: number;
}

export interface PersonBatch {
  tenantId: string;
  recordSetId: string;
  /** With it, rows that this import has stored already are left out. Each person then needs its `rowNo`. */
  importId?: string;
  persons: readonly NewPerson[];
}

/** People of record sets, with their blocking keys and the frequencies of their values. */
export class PersonRepository {
  readonly #sql: Sql;

  /** @param sql of one transaction: people, keys and frequencies change together */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Stores people set-wise: some thousands at a time are best. The record set must be the tenant's and not deleted;
   * nothing is stored otherwise.
   *
   * @returns how many were new
   */
  async insert({ tenantId, recordSetId, importId, persons }: PersonBatch): Promise<number> {
    if (persons.length === 0) return 0;
    const keys = new RecordKeys(recordSetId);
    const profiles = persons.map(({ fields }) => profileOf(fields));
    const ids = persons.map(() => uuidv7());
    const stored = await this.#sql<{ id: string }>(insertPersons, [
      tenantId,
      recordSetId,
      importId ?? null,
      persons.map((_, index) => index),
      ids,
      persons.map(({ rowNo }) => (importId === undefined ? null : (rowNo ?? null))),
      persons.map(({ fields }) => fields.external_id ?? null),
      persons.map(({ fields }) => JSON.stringify(fields)),
      profiles.map((profile) => JSON.stringify(profile)),
      profiles.map((profile) => keyArray(blockingKeys(profile).map((key) => keys.blocking(key)))),
    ]);
    if (stored.length === 0) return 0;
    const placeOf = new Map(ids.map((id, place) => [id, place]));
    const added = stored.flatMap(({ id }) => profiles[placeOf.get(id) ?? -1] ?? []);
    const counts = countTerms(keys, added);
    const fresh = await this.#addTerms(tenantId, recordSetId, counts);
    await this.#changeCounts(tenantId, recordSetId, stored.length, counts, fresh);
    return stored.length;
  }

  /**
   * Deletes the people with these identifiers of the importer.
   *
   * @returns how many there were
   */
  async deleteByExternalIds(
    tenantId: string,
    recordSetId: string,
    externalIds: readonly string[],
  ): Promise<number> {
    const gone = await this.#sql<{ profile: string }>(deleteByExternalIds, [
      tenantId,
      recordSetId,
      externalIds,
    ]);
    await this.#forget(tenantId, recordSetId, gone);
    return gone.length;
  }

  /**
   * Deletes the people with these ids.
   *
   * @returns how many there were
   */
  async deleteByIds(tenantId: string, recordSetId: string, ids: readonly string[]): Promise<number> {
    const gone = await this.#sql<{ profile: string }>(deleteByIds, [tenantId, recordSetId, ids]);
    await this.#forget(tenantId, recordSetId, gone);
    return gone.length;
  }

  /**
   * Stores people in place of those of the set who have the same external identifier.
   *
   * @returns how many were new or replaced
   */
  async replace(batch: PersonBatch): Promise<number> {
    const ids = batch.persons.flatMap(({ fields }) => fields.external_id ?? []);
    if (ids.length > 0) await this.#deleteReplaced(batch, ids);
    return await this.insert(batch);
  }

  /**
   * Deletes up to `limit` people of a record set; call it until it gives 0. The set itself stays, empty.
   *
   * @returns how many were deleted
   */
  async deleteSome(tenantId: string, recordSetId: string, limit: number): Promise<number> {
    const gone = await this.#sql<{ profile: string }>(deleteSome, [tenantId, recordSetId, limit]);
    await this.#forget(tenantId, recordSetId, gone);
    return gone.length;
  }

  /** A repeated chunk of an import must not delete what its first attempt stored: those rows are the replacement. */
  async #deleteReplaced(
    { tenantId, recordSetId, importId }: PersonBatch,
    externalIds: string[],
  ): Promise<void> {
    const gone = await this.#sql<{ profile: string }>(
      deleteByExternalIds.replace('/* more */', 'and import_id is distinct from $4'),
      [tenantId, recordSetId, externalIds, importId ?? null],
    );
    await this.#forget(tenantId, recordSetId, gone);
  }

  async #forget(tenantId: string, recordSetId: string, gone: readonly { profile: string }[]): Promise<void> {
    if (gone.length === 0) return;
    const keys = new RecordKeys(recordSetId);
    const counts = countTerms(
      keys,
      gone.map(({ profile }) => JSON.parse(profile) as Profile),
    );
    const emptied = await this.#sql<{ kind: string }>(subtractTerms, [
      counts.map(({ key }) => key),
      counts.map(({ persons }) => persons),
    ]);
    await this.#changeCounts(tenantId, recordSetId, -gone.length, counts, emptied);
  }

  async #addTerms(
    tenantId: string,
    recordSetId: string,
    counts: readonly TermCount[],
  ): Promise<{ kind: string }[]> {
    const keys = new RecordKeys(recordSetId);
    const fresh = await this.#sql<{ kind: string; term: string; key: string }>(addTerms, [
      tenantId,
      recordSetId,
      counts.map(({ key }) => key),
      counts.map(({ kind }) => kind),
      counts.map(({ term }) => term),
      counts.map(({ persons }) => persons),
    ]);
    const forms = fresh.flatMap(({ kind, term, key }) =>
      (kind === 'g' || kind === 's') && term !== ''
        ? spellingForms(term).map((form) => ({ form: keys.spelling(kind, form), key }))
        : [],
    );
    await this.#sql(addSpellings, [forms.map(({ form }) => form), forms.map(({ key }) => key)]);
    return fresh;
  }

  /**
   * @param counts what the people who came or went have
   * @param edge which of these terms are new, or when people went, which nobody has any more
   */
  async #changeCounts(
    tenantId: string,
    recordSetId: string,
    people: number,
    counts: readonly TermCount[],
    edge: readonly { kind: string }[],
  ): Promise<void> {
    const sign = Math.sign(people);
    const distinct = (kind: TermKind): number => sign * edge.filter((term) => term.kind === kind).length;
    const identified = counts.reduce((sum, { kind, persons }) => sum + (kind === 'i' ? persons : 0), 0);
    await this.#sql(
      `update search.record_sets
       set person_count = person_count + $3, household_count = household_count + $4,
           member_count = member_count + $5, identity_count = identity_count + $6,
           identified_count = identified_count + $7, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [tenantId, recordSetId, people, distinct('h'), distinct('m'), distinct('i'), sign * identified],
    );
  }
}

interface TermCount {
  key: number;
  kind: TermKind;
  term: string;
  persons: number;
}

/** In the order of their keys: two imports that change the same counts then wait for each other, and never in a circle. */
function countTerms(keys: RecordKeys, profiles: readonly Profile[]): TermCount[] {
  const counts = new Map<string, TermCount>();
  for (const profile of profiles) {
    for (const [kind, term] of allTermsOf(profile)) {
      const name = `${kind}|${term}`;
      const known = counts.get(name);
      if (known) known.persons += 1;
      else counts.set(name, { key: keys.term(kind, term), kind, term, persons: 1 });
    }
  }
  const byKey = new Map([...counts.values()].map((count) => [count.key, count]));
  return [...byKey.values()].sort((a, b) => a.key - b.key);
}

function allTermsOf(profile: Profile): [TermKind, string][] {
  return [...termsOf(profile), ...makeUpTerms(profile)];
}

function keyArray(keys: readonly number[]): string {
  return `{${[...new Set(keys)].join(',')}}`;
}

/** Keys go in sorted, so that one batch touches each page of the index once. */
const insertPersons = `
  with given as (
    select * from unnest($4::int[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[])
      as given (place, id, row_no, external_id, fields, profile, keys)
  ), stored as (
    insert into search.persons (id, tenant_id, record_set_id, import_id, row_no, external_id, fields, profile, keys)
    select given.id, $1::uuid, record_set.id, $3::uuid, row_no, external_id, fields::jsonb, profile, keys::bigint[]
    from given
    join search.record_sets record_set
      on record_set.id = $2::uuid and record_set.tenant_id = $1::uuid and record_set.deleted_at is null
    order by place
    on conflict (import_id, row_no) where import_id is not null do nothing
    returning id, person_no, keys
  ), filed as (
    insert into search.person_keys (key, person_no)
    select key, person_no from stored, unnest(keys) as key
    order by key, person_no
  )
  select id from stored`;

const addTerms = `
  insert into search.terms as known (key, tenant_id, record_set_id, kind, term, persons)
  select key, $1::uuid, $2::uuid, kind, term, persons
  from unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[]) as given (key, kind, term, persons)
  order by key
  on conflict (key) do update set persons = known.persons + excluded.persons
  returning case when xmax = 0 then kind else '' end as kind, term, key::text`;

const addSpellings = `
  insert into search.spellings (key, term_key)
  select form, term_key from unnest($1::bigint[], $2::bigint[]) as given (form, term_key)
  order by form`;

/** Rows are locked in the order of their keys, as imports do. */
const subtractTerms = `
  with given as (
    select terms.key, terms.persons - given.persons as persons
    from unnest($1::bigint[], $2::bigint[]) as given (key, persons)
    join search.terms on terms.key = given.key
    order by given.key
    for update of terms
  ), lowered as (
    update search.terms set persons = given.persons
    from given where terms.key = given.key and given.persons > 0
  ), emptied as (
    delete from search.terms using given where terms.key = given.key and given.persons <= 0
    returning terms.key, kind
  ), unspelled as (
    delete from search.spellings using emptied where spellings.term_key = emptied.key
  )
  select kind from emptied`;

const removeKeys = `
  removed as (
    delete from search.person_keys
    using gone, unnest(gone.keys) as gone_key (key)
    where person_keys.key = gone_key.key and person_keys.person_no = gone.person_no
  )
  select profile from gone`;

const deleteByExternalIds = `
  with gone as (
    delete from search.persons
    where tenant_id = $1 and record_set_id = $2 and external_id = any($3::text[]) /* more */
    returning person_no, keys, profile
  ), ${removeKeys}`;

const deleteByIds = `
  with gone as (
    delete from search.persons where tenant_id = $1 and record_set_id = $2 and id = any($3::uuid[])
    returning person_no, keys, profile
  ), ${removeKeys}`;

const deleteSome = `
  with gone as (
    delete from search.persons
    where person_no in (
      select person_no from search.persons where tenant_id = $1 and record_set_id = $2 limit $3
    )
    returning person_no, keys, profile
  ), ${removeKeys}`;
