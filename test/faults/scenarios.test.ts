import assert from 'node:assert/strict';
import { runScenario, runUndisturbed, type Recovery, type Undisturbed } from './scenario-run.ts';
import { scenarios } from './scenarios.ts';
import { chanceOf, only, seed, thorough } from './seed.ts';
import { startFaultSystem, type FaultSystem } from './system.ts';

/** How many are tried when there is no time for all. */
const sampled = 3;

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
  const tried = thorough || only ? wanted : chanceOf('scenarios').sample(wanted, sampled);
  for (const scenario of tried) {
    it(`loses and repeats nothing when ${scenario.name}`, async () => {
      const recovery = await runScenario(system, scenario, undisturbed);
      recoveries.set(scenario.name, recovery);
      if (!thorough) return;
      assert.ok(recovery.answers <= promised, `a command was answered after ${recovery.answers} s`);
      assert.ok((recovery.goesOn ?? 0) <= promised, `work went on after ${recovery.goesOn} s`);
    });
  }
});

/** The measurements, as docs/reliability.md shows them. */
function report(recoveries: ReadonlyMap<string, Recovery>): void {
  const lines = [...recoveries].map(
    ([name, { answers, goesOn, acknowledged }]) =>
      `| ${name} | ${answers.toFixed(1)} | ${goesOn?.toFixed(1) ?? 'never stopped'} | ${acknowledged} |`,
  );
  process.stdout.write(`\n${lines.join('\n')}\n`);
}
