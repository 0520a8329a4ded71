import { createSearchRoutes } from '../../api/search/routes.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from './api.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';

/** The search domain whole: its API, its workers and relay, on real parts. */
export interface SearchSystem {
  api: TestApi;
  /** Starts workers of this system in this process. They end with it, or by their `stop`. */
  startWorkers(): Promise<RunningWorkers>;
  close(): Promise<void>;
}

/** Starts the API and, unless told otherwise, workers. Close it in `after`. */
export async function startSearchSystem(
  options: { env?: Record<string, string>; withoutWorkers?: boolean } = {},
): Promise<SearchSystem> {
  let closeEngine = (): Promise<void> => Promise.resolve();
  const api = await startTestApi(
    (services) => {
      const engine = openSearchEngine(services);
      closeEngine = () => engine.close();
      return createSearchRoutes(services, engine);
    },
    { env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent', ...options.env } },
  );
  const running: RunningWorkers[] = [];
  const start = async (): Promise<RunningWorkers> => {
    const { address, namespace } = await temporalServer();
    const workers = await startWorkers(api.services.config, { connection: { address }, namespace }, [
      'search',
    ]);
    running.push(workers);
    return workers;
  };
  const close = async (): Promise<void> => {
    await Promise.all(running.map((workers) => workers.stop()));
    await closeEngine();
    await api.close();
  };
  try {
    if (!options.withoutWorkers) await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { api, startWorkers: start, close };
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
