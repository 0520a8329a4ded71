import { setTimeout as pause } from 'node:timers/promises';
import type { PersonFields } from '../../domain/search/person.ts';
import { chance, mistype, people } from '../match-people.ts';
import { cpuSeconds } from '../stage/cpu.ts';
import { saturate, type Call } from '../stage/load.ts';
import type { Tenant } from '../stage/stage.ts';
import { figure, type Part } from './part.ts';
import { runBatch } from './phone-batches.ts';

const columns = [
  'given_name',
  'surname',
  'date_of_birth',
  'street_number',
  'street',
  'city',
  'postcode',
] as const;
/** The chunks of a batch that are at work at once, unless its owner says otherwise. */
const atOnce = 4;

/** Matching bound: people with errors in every third field, among 100,000. */
export const records: Part = {
  name: 'records',
  about: 'rows/s of a batch over 100,000 persons, against one search a row at the same concurrency',
  async run(stage, { full, log }) {
    const tenant = await stage.tenant();
    const count = 100_000;
    const known = madeUp(count);
    const setId = await importPeople(tenant, known);
    log(`${figure(count)} persons are imported`);
    const asked = misspelt(known, full ? 10_000 : 4_000);
    const fields = {
      kind: 'comprehensive',
      record_set_ids: JSON.stringify([setId]),
      concurrency: String(atOnce),
    };
    await runBatch(tenant.api, table(asked.slice(0, 200)), 200, fields);
    const cpuBefore = [await cpuSeconds(stage.workers.pid), await cpuSeconds(stage.postgres.pid)];
    const together = await runBatch(tenant.api, table(asked), asked.length, fields);
    const cpu = [await cpuSeconds(stage.workers.pid), await cpuSeconds(stage.postgres.pid)].map(
      (seconds, index) => ((seconds - (cpuBefore[index] ?? 0)) / asked.length) * 1e6,
    );
    const singly = await saturate((place) => search(tenant, setId, asked[place % asked.length] ?? {}), {
      connections: atOnce,
      seconds: full ? 30 : 12,
    });
    const rate = together.rows / together.seconds;
    return [
      {
        what: 'batch rows/s, records provider over 100,000 persons',
        against: `the single-search path, ${atOnce} at once`,
        target: '≥ 2 ×',
        measured: `${figure(rate / singly.perSecond)} ×`,
        met: rate / singly.perSecond >= 2 && singly.errors === 0,
        figures: {
          'batch rows/s': rate,
          'single searches/s': singly.perSecond,
          'single p50 ms': singly.p50,
          'rows/s while searching': together.rows / (together.phases['searching'] ?? Number.NaN),
          'worker CPU µs/row': cpu[0] ?? Number.NaN,
          'PostgreSQL CPU µs/row': cpu[1] ?? Number.NaN,
        },
      },
    ];
  },
};

function madeUp(count: number): PersonFields[] {
  const random = chance(7);
  const source = people(random, 60_000, 4_000);
  return Array.from({ length: count }, () => source.person());
}

function misspelt(known: readonly PersonFields[], count: number): PersonFields[] {
  const random = chance(11);
  const stride = Math.floor(known.length / count);
  return Array.from({ length: count }, (_, index) => {
    const person = { ...known[index * stride] };
    for (const column of columns) {
      const value = person[column];
      if (value === undefined || column === 'date_of_birth' || random() > 0.33) continue;
      if (random() < 0.2) delete person[column];
      else person[column] = mistype(random, value);
    }
    return person;
  });
}

function table(persons: readonly PersonFields[]): string {
  const lines = persons.map((person) => columns.map((column) => person[column] ?? '').join(','));
  return `${columns.join(',')}\n${lines.join('\n')}\n`;
}

async function importPeople({ api }: Tenant, persons: readonly PersonFields[]): Promise<string> {
  const { id } = await api.post<{ id: string }>('/v1/record-sets', { name: 'bench' });
  const made = await api.upload<{ id: string }>(`/v1/record-sets/${id}/imports`, table(persons), {});
  for (;;) {
    const { state, problem } = await api.get<{ state: string; problem: unknown }>(
      `/v1/record-sets/${id}/imports/${made.id}`,
    );
    if (state === 'completed') return id;
    if (problem) throw new Error(`The import failed: ${JSON.stringify(problem)}`);
    await pause(100);
  }
}

function search({ api }: Tenant, setId: string, person: PersonFields): Call {
  const asked = Object.fromEntries(columns.map((column) => [column, person[column]]));
  return {
    method: 'POST',
    url: `${api.url}/v1/search/comprehensive`,
    headers: { ...api.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ ...asked, record_set_ids: [setId], limit: 1 }),
  };
}
