import { readFileSync } from 'node:fs';
import { RecordMatcher } from '../db/search/record.matcher.ts';
import type { PersonFields } from '../domain/search/person.ts';
import { importPeople, type BenchDatabase } from './match-database.ts';
import { chance, people, pick } from './match-people.ts';
import type { Report } from './match-runs.ts';

const pairs = 200;
const others = 3_000;

/** Asks for 200 people by a nickname, with their surname and date of birth, among others of the same surnames. */
export async function runNicknames(db: BenchDatabase): Promise<Report> {
  const random = chance(11);
  const source = people(random, 500, 50);
  const listed = readFileSync(new URL('../data/nicknames/names.csv', import.meta.url), 'utf8')
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== '');
  const chosen = Array.from({ length: pairs }, () => {
    const [name = '', , nickname = ''] = pick(random, listed).split(',');
    const { surname = '', date_of_birth = '' } = source.person();
    return { nickname, person: { given_name: name, surname, date_of_birth } satisfies PersonFields };
  });
  const bystanders = Array.from({ length: others }, () => {
    const { given_name = '', surname = '', date_of_birth = '' } = source.person();
    return { given_name, surname, date_of_birth };
  });
  const { tenantId } = await importPeople(db, [...chosen.map(({ person }) => person), ...bystanders]);
  const matcher = new RecordMatcher(db.sql);
  const asked = chosen.map(({ nickname, person }) => ({ ...person, given_name: nickname }));
  const byNickname = await matcher.match(tenantId, asked, { limit: 10 });
  const exactly = await matcher.match(
    tenantId,
    chosen.map(({ person }) => person),
    { limit: 10 },
  );
  let [found, first, below, named] = [0, 0, 0, 0];
  chosen.forEach((_, place) => {
    const own = byNickname[place]?.find(({ externalId }) => externalId === String(place));
    const exact = exactly[place]?.find(({ externalId }) => externalId === String(place));
    if (!own || !exact) return;
    found += 1;
    if (byNickname[place]?.[0] === own) first += 1;
    if (own.score < exact.score) below += 1;
    if (own.matchedOn.includes('nickname')) named += 1;
  });
  return {
    retrieved: found / pairs,
    'hit@1': first / pairs,
    'below exact': below / found,
    'says nickname': named / found,
  };
}
