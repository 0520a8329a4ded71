import assert from 'node:assert/strict';
import { until } from '../support/until.ts';
import { booksOf } from './books.ts';
import { checkInvariants, rowsAndWorkflowsAgree, untilEnded, untilQuiet } from './invariants.ts';
import type { Outcome, ProcessUnderTest } from './process-under-test.ts';
import { processesUnderFaults } from './processes.ts';
import type { Scenario } from './scenarios.ts';
import { chanceOf, thorough } from './seed.ts';
import { makeStage, type Stage } from './stage.ts';
import type { FaultSystem } from './system.ts';
import { Traffic } from './traffic.ts';

export interface Recovery {
  /** Seconds from the healing until a command was answered. */
  answers: number;
  /** Seconds from the healing until a process went on; null when none had been stopped by the fault. */
  goesOn: number | null;
  acknowledged: number;
}

export interface Undisturbed {
  outcomes: Map<string, Outcome>;
  /** How much work of each the database has counted in the end. */
  work: Map<string, number>;
}

/** What comes of every process when nothing happens. */
export async function runUndisturbed(system: FaultSystem): Promise<Undisturbed> {
  const stage = await makeStage(system.stage);
  const addresses = await submitAll(stage, processesUnderFaults);
  for (const [process, address] of addresses) await process.release?.(stage, address);
  for (const [process, address] of addresses) await untilEnded(stage, address, process);
  await untilQuiet(stage);
  await checkInvariants(stage);
  const outcomes = await outcomesOf(stage, addresses);
  const work = new Map<string, number>();
  for (const [process, address] of addresses) {
    const { work: done } = await standing(stage, /[0-9a-f-]{36}$/.exec(address)?.[0] ?? noProcess);
    work.set(process.name, done);
  }
  return { outcomes, work };
}

/** Lets a fault befall the system while every process is at work, heals it, and checks that nothing came of it. */
export async function runScenario(
  system: FaultSystem,
  scenario: Scenario,
  undisturbed: Undisturbed,
): Promise<Recovery> {
  const chance = chanceOf(scenario.name);
  const stage = await makeStage(system.stage, scenario.patience);
  // In the sample of `npm test` not all of them, but others in every run.
  const [asking, others] = [true, false].map((asks) => {
    const all = processesUnderFaults.filter((process) => asks === 'retry' in process);
    return thorough ? all : chance.sample(all, 2);
  }) as [ProcessUnderTest[], ProcessUnderTest[]];
  // Two are sent in while the fault lasts, one of which asks the vendor; the others are at work by then.
  const late = [chance.pick(asking), chance.pick(others)];
  const early = [...asking, ...others].filter((process) => !late.includes(process));
  // Of another organisation, so that what is measured is the processes' own.
  const neighbours = await makeStage(system.stage, scenario.patience);
  const traffic = new Traffic(neighbours);
  try {
    const addresses = await submitAll(stage, early);
    const allWork = early.reduce((sum, { name }) => sum + (undisturbed.work.get(name) ?? 0), 0);
    const moment = chance.next() * 0.7 * allWork;
    await until(async () => {
      const { work, busy } = await standing(stage);
      return work >= moment || busy === 0;
    }, 120_000);

    const heal = await scenario.strike(system, chance);
    const rest = submitAll(stage, late);
    let areSent = false;
    // Its failure is raised below; until then it must not count as unheard.
    rest.then(() => (areSent = true)).catch(() => undefined);
    try {
      // What could not be sent in yet is work for it, too.
      const isIdle = async (): Promise<boolean> => areSent && (await standing(stage)).busy === 0;
      if (scenario.lasts > 0) await untilIdle(isIdle, thorough ? 60 : scenario.lasts);
    } finally {
      await heal();
    }
    const recovery = await measureRecovery(stage);
    for (const [process, address] of await rest) addresses.set(process, address);
    await rowsAndWorkflowsAgree(stage);
    for (const [process, address] of addresses) await process.release?.(stage, address);
    for (const [process, address] of addresses) await untilEnded(stage, address, process);
    if (scenario.failsRows) await retryAll(stage, addresses);
    await traffic.stop();
    for (const one of [stage, neighbours]) {
      await untilQuiet(one);
      await checkInvariants(one);
    }
    const { acknowledged } = await traffic.check();
    for (const { caller } of [stage, neighbours]) await caller.repeatAll();
    compare(await outcomesOf(stage, addresses), undisturbed, scenario.failsRows ?? false);
    return { ...recovery, acknowledged };
  } finally {
    await traffic.stop();
  }
}

/** Has everything tried again that the fault has made fail, until nothing is left of it. */
async function retryAll(stage: Stage, addresses: Map<ProcessUnderTest, string>): Promise<void> {
  for (const [process, address] of addresses) {
    while (await process.retry?.(stage, address)) await untilEnded(stage, address, process);
  }
}

async function submitAll(
  stage: Stage,
  processes: readonly ProcessUnderTest[],
): Promise<Map<ProcessUnderTest, string>> {
  const sent = processes.map(async (process) => [process, await process.submit(stage)] as const);
  return new Map(await Promise.all(sent));
}

/** Until the processes are through, in spite of the fault, or can go no further; so long at most. */
async function untilIdle(isIdle: () => Promise<boolean>, mostSeconds: number): Promise<void> {
  const end = performance.now() + mostSeconds * 1_000;
  await until(
    async () => performance.now() > end || (await isIdle().catch(() => false)),
    (mostSeconds + 30) * 1_000,
  );
}

async function measureRecovery(stage: Stage): Promise<Pick<Recovery, 'answers' | 'goesOn'>> {
  const healed = performance.now();
  const seconds = (): number => (performance.now() - healed) / 1_000;
  const answered = async (): Promise<number> => {
    await stage.caller.command('/v1/record-sets', () => ({ name: 'After the fault' }));
    return seconds();
  };
  const wentOn = async (): Promise<number | null> => {
    const before = await until(() => standing(stage));
    if (before.busy === 0) return null;
    await until(async () => (await standing(stage)).revisions > before.revisions, 60_000);
    return seconds();
  };
  const [answers, goesOn] = await Promise.all([answered(), wentOn()]);
  return { answers, goesOn };
}

async function outcomesOf(
  stage: Stage,
  addresses: Map<ProcessUnderTest, string>,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const [process, address] of addresses)
    outcomes.set(process.name, await process.outcome(stage, address));
  return outcomes;
}

/** @param ownerActed what was told then tells of that too, and is another */
function compare(outcomes: Map<string, Outcome>, undisturbed: Undisturbed, ownerActed: boolean): void {
  for (const [name, outcome] of outcomes) {
    const wanted = undisturbed.outcomes.get(name);
    assert.deepEqual(outcome.result, wanted?.result, `what has come of the ${name}`);
    assert.deepEqual(outcome.outside, wanted?.outside, `what others have done for the ${name}`);
    if (!ownerActed) assert.deepEqual(outcome.told, wanted?.told, `what was told of the ${name}`);
  }
}

interface Standing {
  /** Rows taken in and rows done. */
  work: number;
  /** Processes that are neither over nor paused. */
  busy: number;
  revisions: number;
}

/** An ID that nothing has: of what has no row of its own by its address. */
const noProcess = '00000000-0000-0000-0000-000000000000';

/** @param id of one process; default: all of them */
async function standing({ database, tenantId, domains }: Stage, id: string | null = null): Promise<Standing> {
  const sum: Standing = { work: 0, busy: 0, revisions: 0 };
  for (const { domain, standing: rows } of booksOf) {
    if (rows === undefined || !domains.includes(domain)) continue;
    const [part] = await database.read(domain, ({ sql }) =>
      sql<Standing>(
        `select coalesce(sum(work), 0)::int as work, coalesce(sum(revision), 0)::int as revisions,
           count(*) filter (where busy)::int as busy
         from (${rows}) as processes where $2::uuid is null or id = $2`,
        [tenantId, id],
      ),
    );
    if (!part) throw new Error('A sum gave no row.');
    sum.work += part.work;
    sum.busy += part.busy;
    sum.revisions += part.revisions;
  }
  return sum;
}
