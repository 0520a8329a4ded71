import assert from 'node:assert/strict';
import { until } from '../support/until.ts';
import { checkInvariants, rowsAndWorkflowsAgree, untilEnded, untilQuiet } from './invariants.ts';
import type { Outcome, ProcessUnderTest } from './process-under-test.ts';
import { processesUnderTest } from './processes.ts';
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
  const stage = await makeStage(partsOf(system));
  const addresses = await submitAll(stage, processesUnderTest);
  for (const [process, address] of addresses) await process.release?.(stage, address);
  for (const address of addresses.values()) await untilEnded(stage, address);
  await untilQuiet(stage, system.client);
  await checkInvariants(stage, system.client);
  const outcomes = await outcomesOf(stage, addresses);
  const work = new Map<string, number>();
  for (const [process, address] of addresses) {
    const { work: done } = await standing(stage, address.split('/').at(-1));
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
  const stage = await makeStage(partsOf(system), scenario.patience);
  // Two are sent in while the fault lasts, one of which asks the vendor; the others are at work by then.
  const late = [true, false].map((asks) =>
    chance.pick(processesUnderTest.filter((process) => asks === 'retry' in process)),
  );
  const early = processesUnderTest.filter((process) => !late.includes(process));
  const traffic = new Traffic(stage);
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
    await rowsAndWorkflowsAgree(stage, system.client);
    for (const [process, address] of addresses) await process.release?.(stage, address);
    for (const address of addresses.values()) await untilEnded(stage, address);
    if (scenario.failsRows) await retryAll(stage, addresses);
    await traffic.stop();
    await untilQuiet(stage, system.client);
    await checkInvariants(stage, system.client);
    const { acknowledged } = await traffic.check();
    await stage.caller.repeatAll();
    compare(await outcomesOf(stage, addresses), undisturbed, scenario.failsRows ?? false);
    return { ...recovery, acknowledged };
  } finally {
    await traffic.stop();
  }
}

function partsOf({ api, database, vendor, webhooks }: FaultSystem): Parameters<typeof makeStage>[0] {
  return { url: api.url, database, vendor, webhooks };
}

/** Has everything tried again that the fault has made fail, until nothing is left of it. */
async function retryAll(stage: Stage, addresses: Map<ProcessUnderTest, string>): Promise<void> {
  for (const [process, address] of addresses) {
    while (await process.retry?.(stage, address)) await untilEnded(stage, address);
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

/** @param id of one process; default: all of them */
async function standing({ database, tenantId }: Stage, id: string | null = null): Promise<Standing> {
  const [now] = await database.read('search', ({ sql }) =>
    sql<Standing>(
      `select coalesce(sum(work), 0)::int as work, coalesce(sum(revision), 0)::int as revisions,
         count(*) filter (where busy)::int as busy
       from (
         select rows_ingested + rows_found + rows_not_found + rows_failed + rows_skipped as work, revision,
           finished_at is null and hold is distinct from 'pause' as busy
         from search.batches where tenant_id = $1 and ($2::uuid is null or id = $2)
         union all
         select rows_read, revision, finished_at is null from search.imports
         where tenant_id = $1 and ($2::uuid is null or id = $2)
       ) as processes`,
      [tenantId, id],
    ),
  );
  if (!now) throw new Error('A sum gave no row.');
  return now;
}
