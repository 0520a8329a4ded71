import { cpuSeconds } from '../stage/cpu.ts';
import { watchMemory } from '../stage/memory.ts';
import { installRivals, runRival } from '../stage/rival.ts';
import type { Stage } from '../stage/stage.ts';
import { figure, type BenchOptions, type Finding, type Part } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';

const rivals = [
  { name: 'child workflow a row (Temporal)', script: 'child-workflows.mjs', rows: 4_020, atLeast: 100 },
  { name: 'queued workflow a row (DBOS)', script: 'dbos.mjs', rows: 5_200, atLeast: 10 },
  { name: 'job a row (pg-boss)', script: 'pg-boss.mjs', rows: 20_200, atLeast: 3 },
];

/** Rows a second of a whole batch, from the request to the result files, against engines that have one unit of work a row. */
export const batch: Part = {
  name: 'batch',
  about: 'rows/s of a batch with the phone provider, against three engines with one unit of work a row',
  async run(stage, options) {
    await installRivals(options.log);
    const ours = await measure(stage, options.full ? 200_000 : 60_000, options);
    const findings: Finding[] = [];
    for (const { name, script, rows, atLeast } of rivals) {
      const run = await runRival(stage, script, rows);
      const rate = run.rows / run.seconds;
      options.log(`${name}: ${figure(rate)} rows/s`);
      findings.push({
        what: 'batch rows/s, phone provider',
        against: name,
        target: `≥ ${atLeast} ×`,
        measured: `${figure(ours.rate / rate)} ×`,
        met: ours.rate / rate >= atLeast,
        figures: {
          'Perdure rows/s': ours.rate,
          'rival rows/s': rate,
          'rival rows': run.rows,
          'rival MB': run.megabytes,
          ...ours.figures,
        },
      });
    }
    return findings;
  },
};

async function measure(
  stage: Stage,
  rows: number,
  { log }: BenchOptions,
): Promise<{ rate: number; figures: Record<string, number> }> {
  const tenant = await stage.tenant();
  await runPhoneBatch(tenant, phoneTable(2_000), 2_000);
  const processes = { worker: stage.workers, PostgreSQL: stage.postgres, Temporal: stage.temporal };
  const before = await Promise.all(Object.values(processes).map(({ pid }) => cpuSeconds(pid)));
  const { result, first, most, last } = await watchMemory(stage.workers, () =>
    runPhoneBatch(tenant, phoneTable(rows, 10_000), rows),
  );
  const after = await Promise.all(Object.values(processes).map(({ pid }) => cpuSeconds(pid)));
  const cpu = Object.keys(processes).map((name, index): [string, number] => [
    `${name} CPU µs/row`,
    Math.round((((after[index] ?? 0) - (before[index] ?? 0)) / rows) * 1e6),
  ]);
  const rate = rows / result.seconds;
  log(`Perdure: ${figure(rate)} rows/s`);
  const { ingesting = 0, searching = 0, aggregating = 0 } = result.phases;
  return {
    rate,
    figures: {
      rows,
      'rows/s while ingesting': rows / ingesting,
      'rows/s while searching': rows / searching,
      'rows/s while writing results': rows / aggregating,
      ...Object.fromEntries(cpu),
      'worker MB before': first,
      'worker MB at most': most,
      'worker MB after': last,
    },
  };
}
