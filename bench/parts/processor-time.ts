import { withBareKoa } from '../stage/bare-koa.ts';
import { cpuSeconds } from '../stage/cpu.ts';
import { saturate, sustain, type Call, type LoadReport } from '../stage/load.ts';
import type { Stage } from '../stage/stage.ts';
import { smallBatch } from './commands.ts';
import { figure, type Finding, type Part } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';
import { phoneSearch, statusRead } from './reads.ts';

/** Seconds for which the processes are looked at while nothing is asked of them. */
const idleSeconds = 5;

/**
 * What a request costs in processor time, with all that follows it: unlike rates it hardly depends on who else is at work on
 * the machine. What the processes use while nothing happens is taken off.
 */
export const processorTime: Part = {
  name: 'processor-time',
  about: 'milliseconds of processor time a request, by process, until nothing of it is left to do',
  async run(stage, { full }) {
    const tenant = await stage.tenant();
    const { id } = await runPhoneBatch(tenant, phoneTable(50), 50);
    const seconds = full ? 10 : 4;
    const many = (call: (place: number) => Call) => () => saturate(call, { connections: 16, seconds });
    const command = (place: number): Call => smallBatch(tenant, place);
    const search = (): Call => phoneSearch(tenant, 1);
    return await withBareKoa(stage, async (url, koa) => {
      const insert = (place: number): Call => ({
        method: 'POST',
        url: `${url}/notes`,
        body: JSON.stringify({ name: `note ${place}` }),
      });
      const all = { API: stage.api, workers: stage.workers, Temporal: stage.temporal };
      const kinds = {
        'bare Koa, one SELECT': [{ Koa: koa }, many(() => ({ method: 'GET', url: `${url}/notes/1` }))],
        'bare Koa, one INSERT': [{ Koa: koa }, many(insert)],
        'status read': [all, many(() => statusRead(tenant, id))],
        'cached search': [all, many(search)],
        // Whoever searches now and then is alone with it, and with what follows.
        'cached search, 20 a second': [all, () => sustain(search, { perSecond: 20, seconds: seconds * 2 })],
        'small batch, 10 a second': [all, () => sustain(command, { perSecond: 10, seconds: seconds * 3 })],
      } as const;
      const findings: Finding[] = [];
      for (const [what, [processes, load]] of Object.entries(kinds)) {
        await load();
        findings.push(await costOf(stage, what, processes, load));
      }
      return findings;
    });
  },
};

type Counted = Record<string, { pid: number }>;

async function costOf(
  stage: Stage,
  what: string,
  processes: Counted,
  load: () => Promise<LoadReport>,
): Promise<Finding> {
  const counted = { ...processes, PostgreSQL: stage.postgres };
  await stage.settle();
  const idle = await used(counted, async () => {
    await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000));
  });
  const client = process.cpuUsage();
  let clientMicroseconds = 0;
  let report: LoadReport | undefined;
  const busy = await used(counted, async () => {
    report = await load();
    const { user, system } = process.cpuUsage(client);
    clientMicroseconds = user + system;
    await stage.settle();
  });
  if (!report) throw new Error('Nothing was asked.');
  const { requests, errors } = report;
  const figures: Record<string, number> = {};
  for (const [name, seconds] of Object.entries(busy.seconds)) {
    const resting = ((idle.seconds[name] ?? 0) / idle.elapsed) * busy.elapsed;
    figures[`${name} ms`] = (Math.max(0, seconds - resting) * 1_000) / requests;
  }
  figures['load generator ms'] = clientMicroseconds / 1_000 / requests;
  const sum = Object.values(figures).reduce((total, milliseconds) => total + milliseconds, 0);
  return {
    what: `processor time of a ${what}`,
    against: '–',
    target: '–',
    measured: `${figure(sum)} ms`,
    met: errors === 0,
    figures: { ...figures, requests },
  };
}

/** Seconds of processor time that processes have used while something was done. */
async function used(
  processes: Counted,
  work: () => Promise<void>,
): Promise<{ elapsed: number; seconds: Record<string, number> }> {
  const read = async (): Promise<[string, number][]> =>
    await Promise.all(
      Object.entries(processes).map(async ([name, { pid }]): Promise<[string, number]> => [
        name,
        await cpuSeconds(pid),
      ]),
    );
  const before = new Map(await read());
  const began = performance.now();
  await work();
  const elapsed = (performance.now() - began) / 1_000;
  const seconds = (await read()).map(([name, now]) => [name, now - (before.get(name) ?? 0)] as const);
  return { elapsed, seconds: Object.fromEntries(seconds) };
}
