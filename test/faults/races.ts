import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { formOf } from '../support/search-system.ts';
import { until } from '../support/until.ts';
import { accepted, eventsOf } from './outcome.ts';
import { checkInvariants, untilEnded, untilQuiet } from './invariants.ts';
import { chanceOf, type Chance } from './seed.ts';
import { makeStage, type Stage } from './stage.ts';
import type { FaultSystem } from './system.ts';

const rows = 40;
const atOnce = 5;

/** How a race came out: who was first, as the answer says. */
export interface RaceResults {
  /** The command was in time. */
  won: number;
  /** The end was there before it: 409. */
  lost: number;
}

type Command = 'cancel' | 'pause';

/** What has been done of a process, as its own row tells. */
interface Standing {
  done: number;
  /** Its rows are through: only the files are left to be written. */
  through: boolean;
  finished: boolean;
}

async function standing({ database }: Stage, table: 'batches' | 'imports', id: string): Promise<Standing> {
  const done = table === 'batches' ? 'rows_ingested + rows_found + rows_not_found' : 'rows_read';
  const [row] = await database.read('search', ({ sql }) =>
    sql<Standing>(
      `select (${done})::int as done, finished_at is not null as finished,
         finished_at is not null or phase = 'aggregating' as through
       from search.${table} where id = $1`,
      [id],
    ),
  );
  if (!row) throw new Error('A process that was accepted is not there.');
  return row;
}

/** Waits for a moment about the end of a process: when so much is done, or all of it, and a few milliseconds more. */
async function untilAbout(stage: Stage, table: 'batches' | 'imports', id: string, chance: Chance) {
  const most = table === 'batches' ? 2 * rows : rows;
  const moment = Math.ceil((0.4 + 0.6 * chance.next()) * most);
  const late = chance.next() * 60;
  const onlyFinished = chance.next() < 0.3;
  await until(async () => {
    const { done, through, finished } = await standing(stage, table, id);
    return finished || (!onlyFinished && (through || done >= moment));
  }, 120_000);
  await pause(late);
}

/** What its owner has had done to a batch whose rows were through: there must be nothing. */
async function heldTooLate({ database }: Stage, id: string): Promise<string[]> {
  const events = await database.read('search', ({ sql }) =>
    sql<{ type: string }>('select type from search.batch_events where batch_id = $1 order by revision', [id]),
  );
  const types = events.map(({ type }) => type);
  const through = types.indexOf('searched');
  if (through === -1) return [];
  return types.slice(through).filter((type) => ['paused', 'resumed', 'cancel_requested'].includes(type));
}

/** The events that end a process. */
function endings(events: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(events).filter(([type]) => /_(completed|cancelled|failed)$/.test(type)),
  );
}

async function raceBatch(stage: Stage, number: number, command: Command, chance: Chance): Promise<boolean> {
  const numbers = Array.from({ length: rows }, (_, row) => `+1415${5_500_000 + number * rows + row}`);
  const csv = `phone\n${numbers.join('\n')}\n`;
  const body = () => formOf(csv, 'people.csv', { kind: 'phone', mapping: '{"phones":["phone"]}' });
  const address = accepted(await stage.caller.command('/v1/batches', body));
  const id = address.split('/').at(-1) as string;
  await untilAbout(stage, 'batches', id, chance);
  const answer = await stage.caller.command(`${address}/${command}`);
  const won = answer.status === 200;
  if (won) assert.equal(answer.body.state, command === 'cancel' ? 'cancelling' : 'paused');
  else assert.deepEqual([answer.status, answer.body.code], [409, 'search.batch_state']);
  if (won && command === 'pause') {
    // It stays so until it is told otherwise, whatever was under way.
    assert.equal((await stage.caller.read(address)).body.state, 'paused');
    await stage.caller.command(`${address}/resume`);
  }
  await untilEnded(stage, address);
  assert.deepEqual(await heldTooLate(stage, id), []);
  const { state, progress } = (await stage.caller.read(address)).body;
  assert.equal(state, won && command === 'cancel' ? 'cancelled' : 'completed');
  const { found, not_found, skipped, failed, pending } = progress;
  assert.deepEqual([failed, pending], [0, 0]);
  if (state === 'completed') assert.deepEqual([found + not_found, skipped], [rows, 0]);
  assert.deepEqual(endings(await eventsOf(stage, `batch:${id}`)), { [`search.batch_${state}`]: 1 });
  return won;
}

async function raceImport(stage: Stage, number: number, chance: Chance): Promise<boolean> {
  const set = await stage.caller.command('/v1/record-sets', () => ({ name: `Race ${number}` }));
  const csv = `first name,last name\n${Array.from({ length: rows }, (_, row) => `Name${row},Race${number}`).join('\n')}\n`;
  const mapping = '{"fields":{"given_name":"first name","surname":"last name"}}';
  const body = () => formOf(csv, 'people.csv', { mode: 'replace', mapping });
  const address = accepted(await stage.caller.command(`/v1/record-sets/${set.body.id}/imports`, body));
  const id = address.split('/').at(-1) as string;
  await untilAbout(stage, 'imports', id, chance);
  const answer = await stage.caller.command(`${address}/cancel`);
  const won = answer.status === 200;
  if (!won) assert.deepEqual([answer.status, answer.body.code], [409, 'search.import_state']);
  await untilEnded(stage, address);
  const { state } = (await stage.caller.read(address)).body;
  assert.equal(state, won ? 'cancelled' : 'completed');
  const { people } = (await stage.caller.read(`/v1/record-sets/${set.body.id}`)).body;
  assert.equal(people, won ? 0 : rows);
  assert.deepEqual(endings(await eventsOf(stage, `import:${id}`)), { [`search.import_${state}`]: 1 });
  return won;
}

/**
 * Has cancels and pauses race the ends of batches and imports, each at a moment of its own. The database decides who was
 * first, and the loser is told; there is one end.
 */
export async function raceTheEnd(system: FaultSystem, races: number): Promise<RaceResults> {
  const stage = await makeStage(system.stage);
  const kinds = ['cancel', 'pause', 'import'] as const;
  const waiting = Array.from({ length: races }, (_, number) => number);
  const results: RaceResults = { won: 0, lost: 0 };
  const run = async (): Promise<void> => {
    for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
      const kind = kinds[number % kinds.length] as (typeof kinds)[number];
      const chance = chanceOf(`race ${number}`);
      const won =
        kind === 'import'
          ? await raceImport(stage, number, chance)
          : await raceBatch(stage, number, kind, chance);
      results[won ? 'won' : 'lost'] += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  await untilQuiet(stage);
  await checkInvariants(stage);
  await stage.caller.repeatAll();
  return results;
}
