import { PersonRepository } from '../../db/search/person.repository.ts';
import type { ImportMode } from '../../domain/search/import.ts';
import { formOf } from '../support/search-system.ts';
import { accepted, eventsOf, withoutIds } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';

/** Every hundredth has the id of somebody above it. */
function csvOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const id = i % 100 === 99 ? i - 50 : i;
    return `p${id},Name${i},Surname${i % 977},19${(i % 90) + 10}-01-02`;
  });
  return `id,first name,last name,born\n${lines.join('\n')}\n`;
}

const mapping = JSON.stringify({
  key: 'id',
  fields: { given_name: 'first name', surname: 'last name', date_of_birth: 'born' },
});

interface Stored {
  visible: number;
  hidden: number;
  ids: number;
}

/** An import into a set that has people already, some of whom are in the file too. */
export function importProcess(mode: ImportMode, rows: number): ProcessUnderTest {
  const csv = csvOf(rows);
  return {
    name: `import (${mode})`,
    domains: ['search'],
    underFaults: true,
    submit: async ({ caller, database, tenantId }) => {
      const set = await caller.command('/v1/record-sets', () => ({ name: `Set to ${mode}` }));
      const recordSetId = (set.body as { id: string }).id;
      const persons = Array.from({ length: 300 }, (_, i) => ({
        fields: { given_name: 'Old', surname: `Person${i}`, external_id: `p${i * 20}` },
      }));
      await database.transaction('search', ({ sql }) =>
        new PersonRepository(sql).insert({ tenantId, recordSetId, persons }),
      );
      const body = () => formOf(csv, 'people.csv', { mode, mapping });
      return accepted(await caller.command(`/v1/record-sets/${recordSetId}/imports`, body));
    },
    outcome: async (stage, address) => {
      const { caller, database } = stage;
      const { body: done } = await caller.read(address);
      const { body: set } = await caller.read(`/v1/record-sets/${done.record_set_id}`);
      const { rows_per_second: _rate, eta_seconds: _eta, ...progress } = done.progress;
      const [stored] = await database.read('search', ({ sql }) =>
        sql<Stored>(
          `select count(*) filter (where visible)::int as visible, count(*) filter (where not visible)::int as hidden,
             count(distinct external_id) filter (where visible)::int as ids
           from search.persons p join search.record_sets s on s.id = p.record_set_id
           where s.id = $1 or s.content_of = $1`,
          [done.record_set_id],
        ),
      );
      const report = (await caller.read(`${address}/rejected.csv`)).body as unknown;
      return {
        result: {
          state: done.state,
          problem: done.problem,
          progress,
          people: set.people,
          stored,
          report: withoutIds(report),
        },
        told: await eventsOf(stage, `import:${done.id}`),
      };
    },
  };
}
