import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheCandidates, readLocalSettings } from '../platform/local/local-settings.ts';
import { behindCallers } from '../platform/stand-back.ts';
import { buildProductionTemporal } from '../platform/local/production-temporal-programs.ts';
import { startProductionTemporal } from '../platform/local/production-temporal.ts';
import { figure, quantile } from './parts/part.ts';
import { phoneTable, runPhoneBatch } from './parts/phone-batches.ts';
import { cpuSeconds } from './stage/cpu.ts';
import { developmentTemporal, root, Stage, type TemporalServer, type Tenant } from './stage/stage.ts';

/**
 * `npm run bench:temporal [-- --rounds n]`: the same load on Temporal's development server (SQLite on a file) and on its
 * production server (PostgreSQL) with 4 and with 512 history shards. Prints a table; the servers take turns, and each turn
 * begins with fresh databases.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '1' } } });

const starts = 400;
const startsAtOnce = 32;
const smallBatches = 80;
const batchesAtOnce = 16;
const largeRows = 20_000;

const settings = readLocalSettings(process.env);
const programs = await buildProductionTemporal(cacheCandidates(settings, join(root, '.data')));

const production =
  (historyShards: number): TemporalServer =>
  async ({ folder, postgres }) =>
  () =>
    startProductionTemporal({
      programs,
      adminUrl: postgres.adminUrl,
      databasePrefix: 'bench_',
      historyShards,
      niceness: behindCallers,
      folder: join(folder, 'temporal'),
    });

const servers: Record<string, TemporalServer> = {
  'development, SQLite': developmentTemporal,
  'production, 4 shards': production(4),
  'production, 512 shards': production(512),
};

type Figures = Record<string, number>;
const taken: Record<string, Figures[]> = {};
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const [name, server] of Object.entries(servers)) {
    const stage = await Stage.open(undefined, server);
    try {
      const figures = await measure(stage);
      (taken[name] ??= []).push(figures);
      console.error(`${name}: ${JSON.stringify(figures)}`);
    } finally {
      await stage.close();
    }
  }
}
console.log(table());

async function measure(stage: Stage): Promise<Figures> {
  const tenant = await stage.tenant();
  await inTurns(20, 4, (place) => runPhoneBatch(tenant, phoneTable(3, place * 3), 3));
  return {
    ...(await measureStarts(stage)),
    ...(await measureSmallBatches(stage, tenant)),
    ...(await measureLargeBatch(tenant)),
  };
}

/** Temporal alone: starts of workflows at whose queue nobody is. */
async function measureStarts(stage: Stage): Promise<Figures> {
  return await stage.withTemporalClient(async (client) => {
    const start = () =>
      client.workflow.start('nobody', {
        workflowId: randomUUID(),
        taskQueue: 'nobody',
        args: ['an argument'],
      });
    await inTurns(startsAtOnce, startsAtOnce, start);
    const { seconds, each } = await inTurns(starts, startsAtOnce, start);
    return { 'starts/s': starts / seconds, 'start p50 ms': quantile(each, 0.5) * 1_000 };
  });
}

/** The product: batches of three telephone numbers, each a workflow of its own, from the request to the results. */
async function measureSmallBatches(stage: Stage, tenant: Tenant): Promise<Figures> {
  const spent = () => Promise.all([cpuSeconds(stage.temporal.pid), cpuSeconds(stage.postgres.pid)]);
  const [temporalBefore, postgresBefore] = await spent();
  const ids: string[] = [];
  const { seconds, each } = await inTurns(smallBatches, batchesAtOnce, async (place) => {
    const { id } = await runPhoneBatch(tenant, phoneTable(3, 1_000 + place * 3), 3);
    ids.push(id);
  });
  const [temporalAfter, postgresAfter] = await spent();
  const steps = await stepsOf(stage, ids);
  return {
    'workflows/s': smallBatches / seconds,
    'steps/s': steps / seconds,
    'batch p50 ms': quantile(each, 0.5) * 1_000,
    'Temporal CPU ms/step': ((temporalAfter - temporalBefore) / steps) * 1_000,
    'PostgreSQL CPU ms/step': ((postgresAfter - postgresBefore) / steps) * 1_000,
  };
}

/** How many activities ended well in these batches. */
async function stepsOf(stage: Stage, batchIds: readonly string[]): Promise<number> {
  return await stage.withTemporalClient(async (client) => {
    let steps = 0;
    for (const id of batchIds) {
      const { events } = await client.workflow.getHandle(`batch:${id}`).fetchHistory();
      steps += (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes).length;
    }
    return steps;
  });
}

/** The product again, where a step does hundreds of rows. */
async function measureLargeBatch(tenant: Tenant): Promise<Figures> {
  const { seconds } = await runPhoneBatch(tenant, phoneTable(largeRows, 100_000), largeRows);
  return { 'rows/s': largeRows / seconds };
}

/** Does something so often, so many at once. Gives the seconds of all and of each. */
async function inTurns(
  times: number,
  atOnce: number,
  work: (place: number) => Promise<unknown>,
): Promise<{ seconds: number; each: number[] }> {
  const began = performance.now();
  const each: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < times) {
        const place = next;
        next += 1;
        const mine = performance.now();
        await work(place);
        each.push((performance.now() - mine) / 1_000);
      }
    }),
  );
  return { seconds: (performance.now() - began) / 1_000, each };
}

/** A column a server; each figure of every round, first to last. */
function table(): string {
  const names = Object.keys(servers);
  const [first = {}] = Object.values(taken)[0] ?? [];
  const rows = Object.keys(first).map((what) => [
    what,
    ...names.map((name) =>
      (taken[name] ?? []).map((figures) => figure(figures[what] ?? Number.NaN)).join(' · '),
    ),
  ]);
  return [['', ...names], ['---', ...names.map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
