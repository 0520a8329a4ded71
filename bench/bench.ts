import { parseArgs } from 'node:util';
import { batch } from './parts/batch.ts';
import { commands } from './parts/commands.ts';
import { inboundWebhooks } from './parts/inbound-webhooks.ts';
import { million } from './parts/million.ts';
import { mixed } from './parts/mixed.ts';
import { neighbours } from './parts/neighbours.ts';
import { openOrders } from './parts/open-orders.ts';
import type { Finding, Part } from './parts/part.ts';
import { reads } from './parts/reads.ts';
import { processorTime } from './parts/processor-time.ts';
import { records } from './parts/records.ts';
import { redis } from './parts/redis.ts';
import { shortProcess } from './parts/short-process.ts';
import { startUp } from './parts/start-up.ts';
import { started } from './parts/started.ts';
import { tracing } from './parts/tracing.ts';
import { webhooks } from './parts/webhooks.ts';
import { keep, machine, versions, type Results } from './report.ts';
import { installRivals } from './stage/rival.ts';
import { Stage } from './stage/stage.ts';

/**
 * `npm run bench`: the product against its targets, side by side with other engines on the same machine, on parts of its
 * own. `-- --only batch` runs one part, `-- --full` a million rows, `-- --profile <folder>` writes CPU profiles.
 */
const parts: Part[] = [
  batch,
  records,
  million,
  commands,
  inboundWebhooks,
  reads,
  processorTime,
  started,
  shortProcess,
  neighbours,
  mixed,
  webhooks,
  openOrders,
  tracing,
  redis,
  startUp,
];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    full: { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const log = (line: string): void => console.error(line);

if (options.help) for (const { name, about } of parts) console.log(`${name.padEnd(12)} ${about}`);
else await run();

async function run(): Promise<void> {
  const unknown = (options.only ?? []).filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}; see --help.`);
  const chosen = parts.filter(({ name }) => options.only?.includes(name) ?? true);
  await installRivals(log);
  const stage = await Stage.open(options.profile);
  const results: Results = {
    takenAt: new Date().toISOString(),
    form: options.full ? 'full' : 'short',
    machine: machine(),
    versions: versions(await stage.postgresVersion(), await stage.temporalVersion()),
    parts: {},
  };
  try {
    for (const part of chosen) {
      // What the part before has set going would be at work beside this one.
      await stage.settle().catch((error: Error) => log(`  ${error.message}`));
      log(`\n${part.name}: ${part.about}`);
      const begun = performance.now();
      const findings = await part.run(stage, { full: options.full, log }).catch(notMeasured(part));
      results.parts[part.name] = { seconds: (performance.now() - begun) / 1_000, findings };
      for (const { what, against, target, measured, met } of findings)
        log(`  ${met ? 'met   ' : 'missed'} ${what} / ${against}: ${measured} (${target})`);
      // Kept as it comes: what a later part breaks takes nothing of it away.
      await keep(results);
    }
  } finally {
    await stage.close();
  }
  console.log(`\n${await keep(results)}`);
}

/** A part that fails leaves the others their turn, and is told as a target that was missed. */
function notMeasured({ name, about }: Part): (error: Error) => Finding[] {
  return (error) => {
    log(String(error.stack));
    process.exitCode = 1;
    const message = error.message.split('\n')[0] ?? '';
    return [
      {
        what: about,
        against: '–',
        target: '–',
        measured: 'not measured',
        met: false,
        figures: { [name]: message },
      },
    ];
  };
}
