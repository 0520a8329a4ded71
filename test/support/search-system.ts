import { createSearchRoutes } from '../../api/search/routes.ts';
import type { Domain } from '../../domain/domains.ts';
import type { Config } from '../../platform/config.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from './api.ts';
import type { Form } from './form.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';
import { spawnWorkerProcess, startWorkerProcess } from './worker-process.ts';

/** The search domain whole: its API, its workers and relay, on real parts. */
export interface SearchSystem {
  api: TestApi;
  /** Starts workers of this system in this process. They end with it, or by their `stop`. */
  startWorkers(): Promise<RunningWorkers>;
  /** Starts workers of this system as a process of their own, which can be killed. They end with it too. */
  startWorkerProcess(env?: Record<string, string>): Promise<TetheredProcess>;
  /** The same, not waiting for anything: it may be made to die early. */
  spawnWorkerProcess(env: Record<string, string>, onLine?: (line: string) => void): Promise<TetheredProcess>;
  close(): Promise<void>;
}

/** Starts the API and, unless told otherwise, workers. Close it in `after`. */
export async function startSearchSystem(
  options: {
    env?: Record<string, string>;
    withoutWorkers?: boolean;
    /** Of which workers are started; search alone without it. */
    domains?: readonly Domain[];
    /** Another form than that of the run. */
    form?: Form;
    /** Another Temporal Service than that of the run. */
    temporal?: { address: string; namespace: string };
  } = {},
): Promise<SearchSystem> {
  let closeEngine = (): Promise<void> => Promise.resolve();
  const api = await startTestApi(
    (services) => {
      const engine = openSearchEngine(services);
      closeEngine = () => engine.close();
      return createSearchRoutes(services, engine);
    },
    {
      env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent', ...options.env },
      ...(options.form ? { form: options.form } : {}),
    },
  );
  const running: RunningWorkers[] = [];
  const start = async (): Promise<RunningWorkers> => {
    const { address, namespace } = options.temporal ?? (await temporalServer());
    const workers = await startWorkers(
      api.services.config,
      { connection: { address }, namespace },
      options.domains ?? ['search'],
    );
    running.push(workers);
    return workers;
  };
  const processes: TetheredProcess[] = [];
  const environment = async (): Promise<Record<string, string>> => {
    const { address, namespace } = options.temporal ?? (await temporalServer());
    return {
      ...environmentOf(api.services.config),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    };
  };
  const startProcess = async (env: Record<string, string> = {}): Promise<TetheredProcess> => {
    const child = await startWorkerProcess({ ...(await environment()), ...env });
    processes.push(child);
    return child;
  };
  const spawnProcess: SearchSystem['spawnWorkerProcess'] = async (env, onLine) => {
    const child = await spawnWorkerProcess({ ...(await environment()), ...env }, onLine);
    processes.push(child);
    return child;
  };
  const close = async (): Promise<void> => {
    await Promise.all(running.map((workers) => workers.stop()));
    await Promise.all(processes.map((child) => child.stop()));
    await closeEngine();
    await api.close();
  };
  try {
    if (!options.withoutWorkers) await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    api,
    startWorkers: start,
    startWorkerProcess: startProcess,
    spawnWorkerProcess: spawnProcess,
    close,
  };
}

/** The settings of this process's system, for another process of it. */
export function environmentOf(config: Config): Record<string, string> {
  const { current, keys } = config.ENCRYPTION_KEYS;
  const ring = [current, ...[...keys.keys()].filter((id) => id !== current)];
  return {
    DATABASE_URL: config.DATABASE_URL,
    ...Object.fromEntries(
      Object.entries(config.domainUrls).map(([domain, url]) => [`DATABASE_URL_${domain.toUpperCase()}`, url]),
    ),
    PUBLIC_URL: config.PUBLIC_URL,
    SMTP_URL: config.SMTP_URL,
    REDIS_URL: config.REDIS_URL ?? '',
    STORAGE_DIR: config.STORAGE_DIR ?? '',
    STORAGE_SIGNING_SECRET: config.STORAGE_SIGNING_SECRET ?? '',
    S3_BUCKET: config.S3_BUCKET ?? '',
    S3_ENDPOINT: config.S3_ENDPOINT ?? '',
    S3_ACCESS_KEY_ID: config.S3_ACCESS_KEY_ID ?? '',
    S3_SECRET_ACCESS_KEY: config.S3_SECRET_ACCESS_KEY ?? '',
    ENCRYPTION_KEYS: ring.map((id) => `${id}:${keys.get(id)?.toString('base64') ?? ''}`).join(','),
    OUTBOUND_ALLOW_PRIVATE: config.OUTBOUND_ALLOW_PRIVATE.join(','),
  };
}

/** A form with a file and fields. */
export function formOf(
  file: string | Uint8Array<ArrayBuffer>,
  name: string,
  fields: Record<string, string> = {},
): FormData {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set('file', new Blob([file], { type: 'text/csv' }), name);
  return form;
}

/** Waits until what is at an address is in one of these states. Gives it. */
export async function untilStateAt(
  client: ApiClient,
  address: string,
  states: readonly string[],
  milliseconds = 60_000,
) {
  let body: { state: string; problem: unknown } | undefined;
  try {
    return await until(async () => {
      ({ body } = await client.get(address));
      return body && states.includes(body.state) ? (await client.get(address)).body : null;
    }, milliseconds);
  } catch (error) {
    throw new Error(`${address} is ${JSON.stringify(body)}, not ${states.join(' or ')}`, { cause: error });
  }
}

export type { ApiClient, Tenant };
