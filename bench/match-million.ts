import { RecordMatcher } from '../db/search/record.matcher.ts';
import type { PersonFields } from '../domain/search/person.ts';
import { importPeople, type BenchDatabase } from './match-database.ts';
import { given } from './match-datasets.ts';
import { quantile } from './match-metrics.ts';
import { chance, mistype, mistypeDate, people, type Chance } from './match-people.ts';
import { matchAll, type Report } from './match-runs.ts';

/** What a search knows of the person: the whole, whole with errors, or a part. */
const kinds: Record<string, (random: Chance, person: PersonFields) => PersonFields> = {
  'with errors': (random, person) => withErrors(random, person),
  'name only': (_, { given_name, surname }) => given({ given_name, surname }),
  'name misspelled': (random, { given_name, surname }) =>
    given({ given_name, surname: surname && mistype(random, surname) }),
  'surname and birth': (_, { surname, date_of_birth }) => given({ surname, date_of_birth }),
  'address only': (_, { street_number, street, city }) => given({ street_number, street, city }),
  'phone only': (_, { phones }) => ({ phones: phones ?? [] }),
  'e-mail only': (_, { emails }) => ({ emails: emails ?? [] }),
};

function withErrors(random: Chance, person: PersonFields): PersonFields {
  const text = (value: string | undefined): string | undefined =>
    value === undefined || random() < 0.1 ? undefined : random() < 0.15 ? mistype(random, value) : value;
  const born = person.date_of_birth;
  return given({
    given_name: text(person.given_name),
    surname: text(person.surname),
    date_of_birth: born && random() < 0.1 ? mistypeDate(random, born) : born,
    street_number: text(person.street_number),
    street: text(person.street),
    city: text(person.city),
    postcode: text(person.postcode),
  });
}

/** Imports that many made-up people in batches, then searches for single ones of them, one search at a time. */
export async function runMillion(
  db: BenchDatabase,
  count: number,
  log: (line: string) => void,
): Promise<Report> {
  const random = chance(7);
  const source = people(random, 60_000, 4_000);
  const asked: PersonFields[] = [];
  const places: string[] = [];
  function* all(): Iterable<PersonFields> {
    for (let place = 0; place < count; place += 1) {
      const person = source.person();
      if (place % Math.ceil(count / 1_000) === 0) {
        asked.push(person);
        places.push(String(place));
      }
      yield person;
    }
  }
  const start = performance.now();
  const { tenantId } = await importPeople(db, all(), (stored) => {
    if (stored % 100_000 === 0) {
      log(`${stored} people, ${rate(stored, start)} rows/s`);
    }
  });
  const report: Report = { 'import rows/s': rate(count, start) };
  for (const table of ['persons', 'person_keys', 'terms', 'spellings']) {
    const { rows } = await db.pool.query(
      `select pg_table_size($1::regclass) / 1048576 as table, pg_indexes_size($1::regclass) / 1048576 as indexes`,
      [`search.${table}`],
    );
    report[`${table} MB`] = Number(rows[0]?.table);
    report[`${table} indexes MB`] = Number(rows[0]?.indexes);
  }
  const matcher = new RecordMatcher(db.sql);
  for (const [kind, ask] of Object.entries(kinds)) {
    const times: number[] = [];
    let first = 0;
    let found = 0;
    const wanted = asked.slice(0, 300);
    for (const [index, person] of wanted.entries()) {
      const query = ask(random, person);
      const begun = performance.now();
      const [matches = []] = await matcher.match(tenantId, [query], { limit: 10 });
      times.push(performance.now() - begun);
      if (matches[0]?.externalId === places[index]) first += 1;
      if (matches.some(({ externalId }) => externalId === places[index])) found += 1;
    }
    log(
      `${kind}: hit@1 ${(first / wanted.length).toFixed(3)} · recall@10 ${(found / wanted.length).toFixed(3)} · ` +
        `p50 ${quantile(times, 0.5).toFixed(1)} ms · p95 ${quantile(times, 0.95).toFixed(1)} ms`,
    );
  }
  const batch = asked.map((person) => withErrors(random, person));
  report['batch rows/s'] = (await matchAll(matcher, tenantId, batch, 1)).rate;
  return report;
}

function rate(stored: number, start: number): number {
  return Math.round(stored / ((performance.now() - start) / 1000));
}
