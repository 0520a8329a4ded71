import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import type { PersonFields } from '../../domain/search/person.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { PersonRepository } from './person.repository.ts';
import { RecordMatcher, type MatchOptions, type RecordMatch } from './record.matcher.ts';

const people: PersonFields[] = [
  { external_id: 'ru', given_name: 'Пётр', surname: 'Иванов', date_of_birth: '1980-05-17' },
  { external_id: 'ar', given_name: 'محمد', surname: 'العلي', date_of_birth: '1979-03-02' },
  { external_id: 'zh', full_name: '王小明', date_of_birth: '1991-11-30' },
  { external_id: 'el', given_name: 'Ελένη', surname: 'Παπαδοπούλου', city: 'Αθήνα' },
  { external_id: 'liz', given_name: 'Elizabeth', surname: 'Warner', date_of_birth: '1961-08-09' },
  {
    external_id: 'ada',
    given_name: 'Ada',
    surname: 'Lovell',
    date_of_birth: '1975-12-10',
    street_number: '12',
    street: 'Bank Street',
    city: 'Nottingham',
    postcode: 'NG1 2GS',
    country: 'GB',
    phones: ['0115 915 5555'],
    emails: ['ada.lovell@example.org'],
  },
  { external_id: 'smith-1', given_name: 'John', surname: 'Smith', date_of_birth: '1970-01-02' },
  { external_id: 'smith-2', given_name: 'John', surname: 'Smith', date_of_birth: '1985-06-07' },
];

describe('the record matcher', () => {
  let db: TestDatabase;
  const tenantId = uuidv7();
  let recordSetId: string;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
    recordSetId = await newRecordSet(tenantId);
    await insert(people);
  });
  after(() => db.close());

  const newRecordSet = async (tenant: string): Promise<string> => {
    const id = uuidv7();
    await db.database.transaction('search', ({ sql }) =>
      sql('insert into search.record_sets (id, tenant_id, name) values ($1, $2, $3)', [id, tenant, id]),
    );
    return id;
  };
  const insert = (all: PersonFields[], importId?: string, into = recordSetId): Promise<number> =>
    db.database.transaction('search', ({ sql }) =>
      new PersonRepository(sql).insert({
        tenantId,
        recordSetId: into,
        ...(importId === undefined ? {} : { importId }),
        persons: all.map((fields, rowNo) => ({ fields, rowNo })),
      }),
    );
  const match = (
    queries: PersonFields[],
    options?: MatchOptions,
    tenant = tenantId,
  ): Promise<RecordMatch[][]> =>
    db.database.read('search', ({ sql }) => new RecordMatcher(sql).match(tenant, queries, options));
  const best = async (query: PersonFields): Promise<RecordMatch | undefined> =>
    (await match([query]))[0]?.[0];

  it('finds names of other scripts, also misspelled', async () => {
    for (const [query, id] of [
      [{ surname: 'Иваноф' }, 'ru'],
      [{ full_name: 'Petr Ivanov' }, 'ru'],
      [{ given_name: 'محمّد', surname: 'العلى' }, 'ar'],
      [{ full_name: '王小明' }, 'zh'],
      [{ given_name: 'Xiaoming', surname: 'Wang' }, 'zh'],
      [{ given_name: 'Ελενη', surname: 'Παπαδόπουλου' }, 'el'],
      [{ given_name: 'Eleni', surname: 'Papadopoulou' }, 'el'],
    ] as const) {
      assert.equal((await best(query))?.externalId, id, JSON.stringify(query));
    }
  });

  it('finds a nickname, says so, and trusts it less than the name itself', async () => {
    const born = { surname: 'Warner', date_of_birth: '1961-08-09' };
    const [nickname, exact] = await Promise.all([
      best({ given_name: 'Liz', ...born }),
      best({ given_name: 'Elizabeth', ...born }),
    ]);
    assert.equal(nickname?.externalId, 'liz');
    assert.ok(nickname.matchedOn.includes('nickname'));
    assert.ok(!exact?.matchedOn.includes('nickname'));
    assert.ok(nickname.score < (exact?.score ?? 0));
    assert.ok(nickname.probability < (exact?.probability ?? 0));
  });

  it('finds somebody by a phone number, an e-mail address or an address alone', async () => {
    const queries: [PersonFields, string][] = [
      [{ phones: ['+44 115 9155555'] }, 'phone'],
      [{ emails: ['Ada.Lovell@Example.org'] }, 'email'],
      [{ address: '12 Bank St, Nottingham NG1 2GS' }, 'address'],
      [{ street_number: '12', street: 'Bank St.', city: 'Nottingham' }, 'street'],
    ];
    for (const [query, field] of queries) {
      const found = await best(query);
      assert.equal(found?.externalId, 'ada', field);
      assert.ok(found.matchedOn.includes(field), found.matchedOn.join(', '));
      // An address is a household's: whose of its members is meant stays open.
      const least = field === 'address' || field === 'street' ? 0.4 : 0.5;
      assert.ok(found.probability > least, `${field}: ${found.probability}`);
    }
  });

  it('bridges swapped names, and a day of birth written where the month belongs', async () => {
    const found = await best({ given_name: 'Lovell', surname: 'Ada', date_of_birth: '1975-10-12' });
    assert.equal(found?.externalId, 'ada');
    assert.ok(found.probability > 0.9);
    assert.ok(found.evidence.some(({ field, level }) => field === 'date_of_birth' && level === 'swapped'));
  });

  it('halves the probability of two people who fit alike', async () => {
    const [found] = await match([{ given_name: 'John', surname: 'Smith' }]);
    assert.deepEqual(
      found
        ?.slice(0, 2)
        .map(({ externalId }) => externalId)
        .sort(),
      ['smith-1', 'smith-2'],
    );
    for (const { probability } of found.slice(0, 2)) {
      assert.ok(probability <= 0.5 && probability > 0.2, String(probability));
    }
  });

  it('keeps the order of the queries, the limit and the least probability', async () => {
    const queries: PersonFields[] = [
      { given_name: 'Ada', surname: 'Lovell', date_of_birth: '1975-12-10' },
      {},
      { given_name: 'Zebulon', surname: 'Quux', date_of_birth: '1900-02-03' },
      { given_name: 'John', surname: 'Smith' },
    ];
    const found = await match(queries, { minScore: 0.1, limit: 1 });
    assert.deepEqual(
      found.map((own) => own.length),
      [1, 0, 0, 1],
    );
    assert.equal(found[0]?.[0]?.fields.city, 'Nottingham');
  });

  it("searches no other tenant's records, and only the record sets asked for", async () => {
    const query = { given_name: 'Ada', surname: 'Lovell', date_of_birth: '1975-12-10' };
    assert.deepEqual(await match([query], {}, uuidv7()), [[]]);
    assert.deepEqual(await match([query], { recordSetIds: [recordSetId] }, uuidv7()), [[]]);
    const other = await newRecordSet(tenantId);
    assert.deepEqual(await match([query], { recordSetIds: [other] }), [[]]);
    assert.equal((await match([query], { recordSetIds: [other, recordSetId] }))[0]?.[0]?.externalId, 'ada');
  });

  it('stores the rows of one import once, however often they come', async () => {
    const set = await newRecordSet(tenantId);
    const importId = uuidv7();
    assert.equal(await insert(people, importId, set), people.length);
    assert.equal(await insert(people, importId, set), 0);
    assert.deepEqual(await countsOf(set), {
      person_count: String(people.length),
      keyed: String(people.length),
    });
  });

  it('replaces and deletes people with their keys and counts', async () => {
    const set = await newRecordSet(tenantId);
    await insert(people, uuidv7(), set);
    const repository = <T>(work: (persons: PersonRepository) => Promise<T>): Promise<T> =>
      db.database.transaction('search', ({ sql }) => work(new PersonRepository(sql)));
    const moved = { external_id: 'ada', given_name: 'Ada', surname: 'King', city: 'London' };
    const importId = uuidv7();
    const replacement = { tenantId, recordSetId: set, importId, persons: [{ fields: moved, rowNo: 0 }] };
    assert.equal(await repository((persons) => persons.replace(replacement)), 1);
    assert.equal(await repository((persons) => persons.replace(replacement)), 0);
    const [found] = await match([{ given_name: 'Ada', surname: 'King' }], { recordSetIds: [set] });
    assert.equal(found?.[0]?.fields.city, 'London');
    assert.equal((await countsOf(set)).person_count, String(people.length));

    assert.equal(
      await repository((persons) => persons.deleteByExternalIds(tenantId, set, ['ada', 'none'])),
      1,
    );
    assert.equal(await repository((persons) => persons.deleteSome(uuidv7(), set, 100)), 0);
    assert.equal(await repository((persons) => persons.deleteSome(tenantId, set, 100)), people.length - 1);
    assert.deepEqual(await countsOf(set), { person_count: '0', keyed: '0' });
    const left = await db.database.read('search', ({ sql }) =>
      sql('select 1 from search.terms where record_set_id = $1', [set]),
    );
    assert.deepEqual(left, []);
  });

  const countsOf = async (set: string): Promise<{ person_count: string; keyed: string }> => {
    const [row] = await db.database.read('search', ({ sql }) =>
      sql<{ person_count: string; keyed: string }>(
        `select person_count::text, (
           select count(distinct person_no)::text from search.person_keys join search.persons using (person_no)
           where record_set_id = record_sets.id
         ) as keyed
         from search.record_sets where id = $1`,
        [set],
      ),
    );
    assert.ok(row);
    return row;
  };
});
