import assert from 'node:assert/strict';
import { stdout } from 'node:process';
import { seed, chanceOf, mostPoints, only, thorough } from './seed.ts';
import { CrashLane } from './crash-lane.ts';
import { processesUnderTest } from './processes.ts';

/** When there is no time for all: besides what is always tried, so many processes, and so many points of each. */
const sampled = { processes: 1, points: 2 };
/** Also of those that are asked for by name. */
const all = thorough || only !== null;
const lanesAtOnce = all ? 4 : 2;

describe(`A worker that dies at every step it comes to (FAULT_SEED=${seed})`, function () {
  this.timeout(all ? 3_600_000 : 600_000);
  const lanes: CrashLane[] = [];
  const report: string[] = [];
  before(async () => {
    for (let lane = 0; lane < lanesAtOnce; lane += 1) lanes.push(await CrashLane.open());
  });
  after(async () => {
    for (const lane of lanes) await lane.close();
    // As docs/reliability.md shows it.
    if (all) stdout.write(`\n${report.join('\n')}\n`);
  });

  const chance = chanceOf('crash points');
  const sure = processesUnderTest.filter(({ surelyAt }) => surelyAt !== undefined);
  const quick = processesUnderTest.filter(
    ({ slow, surelyAt }) => slow === undefined && surelyAt === undefined,
  );
  const processes = all
    ? processesUnderTest.filter(({ name }) => only?.test(name) ?? true)
    : [...sure, ...chance.sample(quick, sampled.processes)];
  for (const process of processes) {
    it(`comes to the same end: ${process.name}`, async () => {
      const started = performance.now();
      const [first] = lanes;
      assert.ok(first);
      const undisturbed = await first.run(process, null);
      const points = undisturbed.points.filter((point) => process.points?.test(point) ?? true);
      const { surelyAt } = process;
      const tried =
        all || surelyAt === undefined
          ? chanceOf(process.name).sample(points, all ? mostPoints : sampled.points)
          : [surelyAt];
      const waiting = [...tried];
      const failures: string[] = [];
      const work = async (lane: CrashLane): Promise<void> => {
        for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
          try {
            const { outcome, died } = await lane.run(process, point);
            assert.deepEqual(outcome, undisturbed.outcome);
            // Every step comes at least once; but a signal that comes before the start finds no workflow, which needs none.
            const isChance = point.startsWith('signal to the workflow after');
            assert.ok(died || isChance || !point.endsWith(' 1'), 'The worker did not come to this point.');
          } catch (error) {
            failures.push(`${point}: ${(error as Error).stack}`);
            if (all) stdout.write(`${process.name}, ${failures.at(-1)}\n`);
          }
        }
      };
      await Promise.all(lanes.map(work));
      assert.deepEqual(failures, []);
      const minutes = (performance.now() - started) / 60_000;
      report.push(`| ${process.name} | ${tried.length} of ${points.length} | ${minutes.toFixed(1)} |`);
    });
  }
});
