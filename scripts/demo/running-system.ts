import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newApiKey } from '../../domain/identity/api-key.ts';
import { ConsoleReporter } from '../../platform/local/console-reporter.ts';
import { readLocalSettings } from '../../platform/local/local-settings.ts';
import { prepareLocalSystem } from '../../platform/local/local-system.ts';
import { LockHeld, takeLock } from '../../platform/local/process-lock.ts';
import { addressesFile, addressesOf, type Addresses } from '../addresses.ts';
import { joinSimulators } from '../join-simulators.ts';

export interface DemoSystem extends Addresses {
  apiKey: string;
  /** It ran before the demo, and goes on after it. */
  ranBefore: boolean;
  /** Ends what the demo has started; a system that ran before goes on. */
  leave(): Promise<void>;
}

/** The system that `npm start` runs from this folder, or else one of the demo's own, on the same data. */
export async function findOrStartSystem(root: string): Promise<DemoSystem> {
  const dataDir = join(root, '.data');
  try {
    return await startOwn(root, dataDir);
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    const addresses = JSON.parse(await readFile(join(dataDir, addressesFile), 'utf8')) as Addresses;
    const { developmentApiKey } = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')) as {
      developmentApiKey: string;
    };
    return { ...addresses, apiKey: developmentApiKey, ranBefore: true, leave: async () => undefined };
  }
}

async function startOwn(root: string, dataDir: string): Promise<DemoSystem> {
  await mkdir(dataDir, { recursive: true });
  const lock = await takeLock(join(dataDir, 'supervisor.lock'));
  const reporter = new ConsoleReporter(process.stderr);
  const system = await prepareLocalSystem({
    root,
    dataDir,
    settings: readLocalSettings(process.env),
    environment: process.env,
    makeApiKey: newApiKey,
    events: reporter,
  });
  const leave = async () => {
    await system.stop();
    await lock.release();
    reporter.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void leave().then(() => process.exit(130)));
  try {
    await system.start();
    await joinSimulators({ apiUrl: system.apiUrl, apiKey: system.developmentApiKey }, system.simulators);
  } catch (error) {
    await leave();
    throw error;
  }
  return {
    ...addressesOf(system),
    apiKey: system.developmentApiKey,
    ranBefore: false,
    leave,
  };
}
