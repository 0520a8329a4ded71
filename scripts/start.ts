import { writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newApiKey } from '../domain/identity/api-key.ts';
import { ConsoleReporter } from '../platform/local/console-reporter.ts';
import { readLocalSettings } from '../platform/local/local-settings.ts';
import { prepareLocalSystem, type LocalSystem } from '../platform/local/local-system.ts';
import { LockHeld, takeLock, type ProcessLock } from '../platform/local/process-lock.ts';
import { addressesFile, addressesOf } from './addresses.ts';
import { joinSimulators } from './join-simulators.ts';

/** `npm start`: the whole system, until Ctrl-C or SIGTERM. A second Ctrl-C doesn't wait for anything in hand. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dataDir = join(root, '.data');
/** Names the process that is on its way out, for a start that comes while it still holds the lock. */
const stoppingMark = join(dataDir, 'supervisor.stopping');
const reporter = new ConsoleReporter(process.stderr);

try {
  await main();
} catch (error) {
  reporter.close();
  process.stderr.write(`\n${error instanceof LockHeld ? alreadyRunning(error) : (error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const settings = readLocalSettings(process.env);
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const lock = await lockDataFolder();
  reporter.line('Perdure starts\n');
  const system = await prepareLocalSystem({
    root,
    dataDir,
    settings,
    environment: process.env,
    makeApiKey: newApiKey,
    events: reporter,
  });
  const told = stopWhenTold(system);
  try {
    await system.start();
    await joinSimulators({ apiUrl: system.apiUrl, apiKey: system.developmentApiKey }, system.simulators);
    await tellAddresses(system);
    welcome(system);
    await told;
  } catch (error) {
    // Being told to stop while starting is no failure.
    if (!system.supervisor.signal.aborted) throw error;
  } finally {
    await system.stop();
    await lock.release();
  }
  reporter.close();
  process.stderr.write('\nStopped. The next start goes on where this one was.\n');
}

/** One system at a time. One that is just stopping is waited for; one that isn't is an error. */
async function lockDataFolder(): Promise<ProcessLock> {
  const path = join(dataDir, 'supervisor.lock');
  const startedAt = Date.now();
  let told = false;
  for (;;) {
    try {
      const lock = await takeLock(path);
      await rm(stoppingMark, { force: true });
      return lock;
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      const stopping = await isStopping(error.holder.pid);
      // One whose terminal or npm was killed a moment ago has yet to hear of it.
      if (!stopping && Date.now() - startedAt > 1500) throw error;
      if (stopping && !told) reporter.line('  … waiting for an earlier run to stop');
      told ||= stopping;
      await pause(50);
    }
  }
}

async function isStopping(pid: number): Promise<boolean> {
  try {
    return (await readFile(stoppingMark, 'utf8')) === String(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Lets `npm run demo` find us, whichever ports were chosen. */
async function tellAddresses(system: LocalSystem): Promise<void> {
  await writeFile(join(dataDir, addressesFile), JSON.stringify(addressesOf(system)));
}

function stopWhenTold(system: LocalSystem): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      times += 1;
      if (times === 1) {
        writeFileSync(stoppingMark, String(process.pid));
        reporter.line('\nStopping; once more to stop at once');
        resolve();
        void system.stop();
      } else {
        system.supervisor.kill();
      }
    });
  }
  return promise;
}

function welcome({ apiUrl, temporalUiUrl, developmentApiKey }: LocalSystem): void {
  const addresses = [
    ['API', `${apiUrl}/v1`],
    ['Reference', `${apiUrl}/docs`],
    ...(temporalUiUrl ? [['Workflows', temporalUiUrl]] : []),
    ['Mail', `${apiUrl}/dev/mail`],
    ['Logs', join('.data', 'logs')],
  ];
  reporter.line();
  for (const [name = '', address] of addresses) reporter.line(`  ${name.padEnd(12)} ${address}`);
  reporter.line(`\n  Try it:\n`);
  reporter.line(`    curl -s ${apiUrl}/v1/search/phone -H 'Authorization: Bearer ${developmentApiKey}' \\`);
  reporter.line(`      -H 'Content-Type: application/json' -d '{"phone": "+1 (415) 555-2671"}'`);
  reporter.line('\n  Ctrl-C stops everything; the next start goes on where this one was.\n');
}

function alreadyRunning({ holder }: LockHeld): string {
  return (
    `Perdure runs already from this folder, as process ${holder.pid}.\n` +
    `Stop it with Ctrl-C where it runs, or with: kill ${holder.pid}`
  );
}
