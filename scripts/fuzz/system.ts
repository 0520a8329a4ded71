import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newApiKey } from '../../domain/identity/api-key.ts';
import { ConsoleReporter } from '../../platform/local/console-reporter.ts';
import { readLocalSettings } from '../../platform/local/local-settings.ts';
import { prepareLocalSystem } from '../../platform/local/local-system.ts';
import { freePorts } from '../../platform/ports.ts';
import { takeLock } from '../../platform/local/process-lock.ts';

/** A vendor that a request names can't be asked: a declared 503. */
const outside = '"search.providers_unavailable"';

export interface FuzzedSystem {
  apiUrl: string;
  /** API key of the development account, an owner. */
  apiKey: string;
  /** Of the same account; its password is the key. */
  email: string;
  /** Lines of the logs of API and workers at level error or worse. */
  errors(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * The whole system as `npm start` runs it, but empty, on free ports, and beside any that runs already. Its data and logs
 * lie in the folder until the next one is started there.
 */
export async function startFuzzedSystem(root: string, dataDir: string): Promise<FuzzedSystem> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const lock = await takeLock(`${dataDir}.lock`);
  await rm(dataDir, { recursive: true, force: true });
  const [api, postgres, temporal, ui] = (await freePorts(4)).map(String);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PORT: api,
    PERDURE_POSTGRES_PORT: postgres,
    TEMPORAL_PORT: temporal,
    TEMPORAL_UI_PORT: ui,
    // Each request of nobody's comes from an address of its own (hooks.py), or most would meet the limit of one.
    TRUSTED_PROXIES: '1',
    LOG_LEVEL: 'warn',
  };
  // Those of a machine's own services: what is fuzzed is started here.
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SMTP_URL']) delete environment[name];
  const reporter = new ConsoleReporter(process.stderr);
  const system = await prepareLocalSystem({
    root,
    dataDir,
    settings: readLocalSettings(environment),
    environment,
    makeApiKey: newApiKey,
    events: reporter,
  });
  const stop = async () => {
    await system.stop();
    await lock.release();
    reporter.close();
  };
  try {
    await system.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    apiUrl: system.apiUrl,
    apiKey: system.developmentApiKey,
    email: 'dev@perdure.local',
    errors: async () => {
      const logs = await Promise.all(
        ['api', 'workers'].map((name) => readFile(join(dataDir, 'logs', `${name}.log`), 'utf8')),
      );
      return logs
        .flatMap((log) => log.split('\n'))
        .filter((line) => /"level":"(error|fatal)"/.test(line) && !line.includes(outside));
    },
    stop,
  };
}
