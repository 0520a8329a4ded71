import assert from 'node:assert/strict';
import { sendEqualRequests } from './equal-requests.ts';
import { runScenario, runUndisturbed, type Recovery, type Undisturbed } from './scenario-run.ts';
import { raceTheEnd } from './races.ts';
import { scenarios, type Scenario } from './scenarios.ts';
import { chanceOf, only, seed, thorough } from './seed.ts';
import { startFaultSystem, type FaultSystem } from './system.ts';

/** Seconds from the end of a fault until work goes on, as promised. */
const promised = 10;

describe(`The system under faults (FAULT_SEED=${seed})`, function () {
  this.timeout(600_000);
  let system: FaultSystem;
  let undisturbed: Undisturbed;
  const recoveries = new Map<string, Recovery>();

  before(async () => {
    system = await startFaultSystem();
    undisturbed = await runUndisturbed(system);
  });
  after(async () => {
    await system?.close();
    if (thorough) report(recoveries);
  });

  const wanted = scenarios.filter(({ name }) => only?.test(name) ?? true);
  for (const scenario of thorough || only ? wanted : oneOfEachKind(wanted)) {
    it(`loses and repeats nothing when ${scenario.name}`, async function () {
      if (scenario.impossible?.(system)) this.skip();
      const recovery = await runScenario(system, scenario, undisturbed);
      recoveries.set(scenario.name, recovery);
      if (!thorough) return;
      assert.ok(recovery.answers <= promised, `a command was answered after ${recovery.answers} s`);
      // That a vendor is well again nobody tells: it is found out by asking, more rarely the longer it was ill.
      if (scenario.kind === 'vendor') return;
      assert.ok((recovery.goesOn ?? 0) <= promised, `work went on after ${recovery.goesOn} s`);
    });
  }

  const equalRequests = 'takes a hundred equal requests for one, the API killed amid them';
  if (only?.test(equalRequests) ?? true) {
    it(equalRequests, async () => {
      await sendEqualRequests(system, chanceOf('equal requests'), undisturbed);
    });
  }

  const races = 'has one end, whoever is first, when cancels and pauses race it';
  if (only?.test(races) ?? true) {
    it(races, async () => {
      const { won, lost } = await raceTheEnd(system, thorough ? 150 : 15);
      // Else they were no races.
      if (thorough) assert.ok(won > 0 && lost > 0, `${won} were in time, ${lost} were not`);
    });
  }
});

function oneOfEachKind(from: readonly Scenario[]): Scenario[] {
  const chance = chanceOf('scenarios');
  return [...Map.groupBy(from, ({ kind }) => kind).values()].map((ofKind) => chance.pick(ofKind));
}

/** The measurements, as docs/reliability.md shows them. */
function report(recoveries: ReadonlyMap<string, Recovery>): void {
  const lines = [...recoveries].map(
    ([name, { answers, goesOn, acknowledged }]) =>
      `| ${name} | ${answers.toFixed(1)} | ${goesOn?.toFixed(1) ?? 'never stopped'} | ${acknowledged} |`,
  );
  process.stdout.write(`\n${lines.join('\n')}\n`);
}
