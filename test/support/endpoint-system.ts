import { createRoutes } from '../../api/routes.ts';
import type { Domain } from '../../domain/domains.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from './api.ts';
import { environmentOf } from './search-system.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';
import { startWorkerProcess } from './worker-process.ts';

const domains: readonly Domain[] = ['search', 'webhooks', 'notifications'];

/** Search and webhooks whole, with a receiver that may be sent to. */
export interface EndpointSystem {
  api: TestApi;
  receiver: WebhookReceiver;
  tenant: Tenant;
  owner: ApiClient;
  startWorkers(): Promise<RunningWorkers>;
  /** As a process of their own, which can be killed. */
  startWorkerProcess(): Promise<TetheredProcess>;
  /** Makes an endpoint at a path of the receiver. Gives it with its secret. */
  endpoint(path: string, settings?: object): Promise<EndpointView>;
  /** Has something happen that endpoints hear of. Gives the ID of its subject. */
  happen(type?: string, data?: Record<string, unknown>, id?: string): Promise<string>;
  /** Lets time pass for what waits at an endpoint. */
  pass(endpointId: string): Promise<void>;
  /** What has become of the messages to an endpoint, newest first. */
  deliveries(endpointId: string): Promise<DeliveryView[]>;
  attempts(endpointId: string): Promise<AttemptView[]>;
  close(): Promise<void>;
}

export interface EndpointView {
  id: string;
  secret: string;
  state: string;
  disabled_reason: string | null;
  [member: string]: unknown;
}

export interface DeliveryView {
  message_id: string;
  state: string;
  attempts: number;
  next_attempt_at: string | null;
  [member: string]: unknown;
}

export interface AttemptView {
  number: number;
  outcome: string;
  status: number | null;
  problem: string | null;
  started_at: string;
  milliseconds: number;
  [member: string]: unknown;
}

/** Starts the API and, unless told otherwise, workers. Close it in `after`. */
export async function startEndpointSystem(
  options: { env?: Record<string, string>; withoutWorkers?: boolean } = {},
): Promise<EndpointSystem> {
  const receiver = await startWebhookReceiver();
  const api = await startTestApi((services) => createRoutes(services, ['identity', 'search', 'webhooks']), {
    env: {
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      OUTBOUND_ALLOW_PRIVATE: receiver.address,
      ...options.env,
    },
  });
  const tenant = await api.tenant();
  const owner = api.client.as(tenant.owner);
  const running: RunningWorkers[] = [];
  const processes: TetheredProcess[] = [];
  const { database, config } = api.services;

  const list = async <T>(address: string): Promise<T[]> => (await owner.get(address)).body.items as T[];
  const system: EndpointSystem = {
    api,
    receiver,
    tenant,
    owner,
    startWorkers: async () => {
      const { address, namespace } = await temporalServer();
      const workers = await startWorkers(config, { connection: { address }, namespace }, domains);
      running.push(workers);
      return workers;
    },
    startWorkerProcess: async () => {
      const { address, namespace } = await temporalServer();
      const env = {
        ...environmentOf(config),
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
      };
      const child = await startWorkerProcess(env, domains);
      processes.push(child);
      return child;
    },
    endpoint: async (path, settings = {}) => {
      const url = `http://${receiver.address}${path}`;
      const { status, body } = await owner.post('/v1/webhook-endpoints', { url, ...settings });
      if (status !== 201) throw new Error(`No endpoint: ${JSON.stringify(body)}`);
      return body as EndpointView;
    },
    happen: async (type = 'search.batch_submitted', data = { run: 0 }, id = crypto.randomUUID()) => {
      const subject = `batch:${id}`;
      await database.transaction('search', ({ publish }) =>
        publish({ type, tenantId: tenant.id, subject, data }),
      );
      return id;
    },
    pass: async (endpointId) => {
      await database.transaction('webhooks', async ({ sql }) => {
        await sql(
          `update webhooks.deliveries set due_at = now()
           where endpoint_id = $1 and state = 'pending' and due_at < 'infinity'`,
          [endpointId],
        );
        await sql(
          `update webhooks.endpoint_health set open_until = null, hold_until = null where endpoint_id = $1`,
          [endpointId],
        );
        await sql(`select pg_notify('perdure_webhook_messages', '')`);
      });
    },
    deliveries: (id) => list(`/v1/webhook-endpoints/${id}/deliveries?limit=200`),
    attempts: (id) => list(`/v1/webhook-endpoints/${id}/attempts?limit=200`),
    close: async () => {
      // Hanging answers end with it, so that no sender waits for them.
      await receiver.close();
      for (const workers of running) await workers.stop();
      for (const child of processes) await child.stop();
      await api.close();
    },
  };
  try {
    if (!options.withoutWorkers) await system.startWorkers();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

/** Waits until an endpoint has had so many attempts. Gives them, oldest first. */
export async function untilAttempts(
  system: EndpointSystem,
  endpointId: string,
  count: number,
): Promise<AttemptView[]> {
  return await until(async () => {
    const attempts = await system.attempts(endpointId);
    return attempts.length >= count ? attempts.toReversed() : null;
  });
}
