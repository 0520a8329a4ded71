import { createRoutes } from '../../api/routes.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type TestApi } from './api.ts';
import { temporalServer } from './temporal.ts';

/** The domain of designs whole: its API, its workers and relay, on real parts. */
export interface DesignsSystem {
  api: TestApi;
  close(): Promise<void>;
}

export async function startDesignsSystem(): Promise<DesignsSystem> {
  const api = await startTestApi((services) => createRoutes(services, ['identity', 'search', 'designs']), {
    env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent' },
  });
  let workers: RunningWorkers | undefined;
  const close = async (): Promise<void> => {
    await workers?.stop();
    await api.close();
  };
  try {
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, ['designs']);
    return { api, close };
  } catch (error) {
    await close();
    throw error;
  }
}
