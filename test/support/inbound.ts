import { createWebhookRoutes } from '../../api/webhooks/routes.ts';
import type { Domain } from '../../domain/domains.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type ApiResponse, type Tenant, type TestApi } from './api.ts';
import type { SentWebhook } from './senders.ts';
import { environmentOf } from './search-system.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';
import { spawnWorkerProcess } from './worker-process.ts';

export interface WebhookSystem {
  api: TestApi;
  /** Sends a webhook as its sender does: with no credential of ours. */
  send(path: string, webhook: SentWebhook): Promise<ApiResponse>;
  /** Workers in this process; of webhooks and search, unless told otherwise. */
  startWorkers(domains?: readonly Domain[]): Promise<RunningWorkers>;
  /** Workers of webhooks and orders as a process of their own, which may die. */
  spawnWorkers(env?: Record<string, string>): Promise<TetheredProcess>;
  /** Tells that something is known under names, as the domain that owns it does. */
  makeKnown(tenantId: string, orderId: string, externalIds: string[]): Promise<void>;
  close(): Promise<void>;
}

/** The API of webhooks on real parts. Workers are started when a test wants them. Close it in `after`. */
export async function startWebhookSystem(env: Record<string, string> = {}): Promise<WebhookSystem> {
  const api = await startTestApi(createWebhookRoutes, { env });
  const running: RunningWorkers[] = [];
  const processes: TetheredProcess[] = [];
  return {
    api,
    send: (path, { body, headers }) => api.client.post(path, body, { headers }),
    startWorkers: async (domains = ['webhooks', 'search']) => {
      const { address, namespace } = await temporalServer();
      const temporal = { connection: { address }, namespace };
      const workers = await startWorkers(api.services.config, temporal, domains);
      running.push(workers);
      return workers;
    },
    spawnWorkers: async (more = {}) => {
      const { address, namespace } = await temporalServer();
      const child = await spawnWorkerProcess(
        {
          ...environmentOf(api.services.config),
          TEMPORAL_ADDRESS: address,
          TEMPORAL_NAMESPACE: namespace,
          ...more,
        },
        undefined,
        ['webhooks', 'orders'],
      );
      processes.push(child);
      return child;
    },
    // Published by another domain, as its owner will: it comes through that domain's outbox.
    makeKnown: (tenantId, orderId, externalIds) =>
      api.services.database.transaction('search', ({ publish }) =>
        publish({
          type: 'order.created',
          tenantId,
          subject: `order:${orderId}`,
          data: { external_ids: externalIds },
        }),
      ),
    close: async () => {
      await Promise.all(running.map((workers) => workers.stop()));
      await Promise.all(processes.map((child) => child.stop()));
      await api.close();
    },
  };
}

/** The one webhook with an ID at its sender, once it has come to a state. */
export async function untilInbound(
  client: ApiClient,
  query: Record<string, string>,
  states: readonly string[],
) {
  let items: { id: string; state: string }[] = [];
  try {
    const { id } = await until(async () => {
      ({ items } = (await client.get('/v1/webhooks/inbound', { query })).body);
      return items.find(({ state }) => states.includes(state));
    }, 60_000);
    return (await client.get(`/v1/webhooks/inbound/${id}`)).body;
  } catch (error) {
    throw new Error(`Of ${JSON.stringify(query)}: ${JSON.stringify(items)}`, { cause: error });
  }
}

/** Types of the events that the domain has published for a tenant, but for those of its management. */
export async function publishedFor(api: TestApi, tenantId: string): Promise<string[]> {
  const rows = await api.services.database.read('webhooks', ({ sql }) =>
    sql<{ type: string }>(
      `select type from webhooks.outbox where tenant_id = $1 and type like 'webhook.%' order by position`,
      [tenantId],
    ),
  );
  return rows.map(({ type }) => type);
}

export type { Tenant };
