import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Database } from '../db/database.ts';
import { watchPools } from '../db/pool-figures.ts';
import { ensureDevelopmentAccount } from '../db/identity/development.ts';
import { openTokenBuckets } from '../db/identity/open-token-buckets.ts';
import type { Domain } from '../domain/domains.ts';
import type { Config } from '../platform/config.ts';
import { SecretBox } from '../platform/crypto/secret-box.ts';
import { createLogger } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { closeServer, type ReadinessChecks } from '../platform/ops-server.ts';
import { openRedis } from '../platform/redis/open.ts';
import { startTracing } from '../platform/telemetry/tracing.ts';
import { StoredTenantKeys } from '../services/identity/tenant-keys.ts';
import { openFileStorage } from '../services/storage/open.ts';
import type { TemporalConfig } from '../temporal.config.ts';
import { createApp } from './app.ts';
import { createMailRoutes } from './dev/mail.routes.ts';
import { createNoticePreviewRoutes } from './dev/notice.routes.ts';
import { createDocsRoutes } from './docs/docs.routes.ts';
import { createAuthenticator } from './middleware/authenticator.ts';
import { createRateLimiter } from './middleware/rate-limiter.ts';
import { OpenConnections } from './realtime/open-connections.ts';
import { asksForWebSocket, Sockets } from './realtime/sockets.ts';
import { createRoutes } from './routes.ts';
import type { Services } from './services.ts';
import { createSystemRoutes } from './system.routes.ts';
import { lazyTemporal } from './temporal.ts';

export interface RunningApi {
  port: number;
  stop: () => Promise<void>;
}

/**
 * Milliseconds. An upload of 2 GB may take an hour; a JSON body has a limit of its own, where it is read. Idle
 * connections live longer than a load balancer keeps them (60 s is common), or it would send into a closed one.
 */
const timeouts = { headersTimeout: 20_000, requestTimeout: 3_600_000, keepAliveTimeout: 75_000 };

/** How long requests in flight may take when the process is told to stop. */
const graceMilliseconds = 10_000;

/** Starts the API of some domains. Temporal need not be there: commands are accepted without it. */
export async function startApi(
  config: Config,
  temporalConfig: TemporalConfig,
  domains: readonly Domain[],
): Promise<RunningApi> {
  const log = createLogger('api', config.LOG_LEVEL);
  const metrics = createMetrics('api');
  const stopTracing = startTracing('perdure-api', process.env);
  const database = new Database({
    url: config.DATABASE_URL,
    domainUrls: config.domainUrls,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'api',
    statementSeconds: 30,
  });
  const redis = await openRedis(config, log);
  watchPools(metrics.registry, { api: database });
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const tenantKeys = new StoredTenantKeys(database, box);
  const temporal = lazyTemporal(temporalConfig, config.ENCRYPTION_KEYS, tenantKeys);
  const ends: (() => Promise<void>)[] = [];
  const services: Services = {
    config,
    database,
    redis,
    storage: openFileStorage(config, database),
    temporal: temporal.client,
    webUi: webUiOf(config, temporalConfig),
    log,
    metrics,
    onStop: (end) => ends.push(end),
  };
  // Every caller is looked up in identity's database, whatever is served.
  const databases = [...new Set<Domain>(['identity', ...domains])];
  const needed: ReadinessChecks = {
    database: async () => void (await Promise.all(databases.map((domain) => database.ping(domain)))),
  };
  const useful: ReadinessChecks = {
    temporal: async () => {
      const client = await temporal.client();
      await client.withDeadline(Date.now() + 2_000, () =>
        client.connection.workflowService.getSystemInfo({}),
      );
    },
    ...(redis ? { redis: () => redis.ping() } : {}),
  };
  const routes = [
    ...createRoutes(services, domains),
    ...createSystemRoutes(services, needed, useful),
    ...(config.DEVELOPMENT && config.MAILBOX_DIR ? createMailRoutes(config.MAILBOX_DIR) : []),
    ...(config.DEVELOPMENT ? createNoticePreviewRoutes(config.PUBLIC_URL) : []),
  ];
  const stopping = new AbortController();
  const sockets = new Sockets();
  const app = createApp({
    routes: [...routes, ...createDocsRoutes(routes, config.PUBLIC_URL)],
    database,
    box,
    authenticator: createAuthenticator(services),
    rateLimiter: createRateLimiter({ buckets: openTokenBuckets(database, redis) }),
    log,
    publicUrl: config.PUBLIC_URL,
    trustedProxies: config.TRUSTED_PROXIES,
    stopping: stopping.signal,
    connections: new OpenConnections(
      { ofUser: config.CONNECTIONS_PER_USER, ofProcess: config.CONNECTIONS_PER_PROCESS },
      metrics,
    ),
    sockets,
    onAnswer: (route, status, seconds) =>
      metrics.httpSeconds.observe(
        { method: route?.method ?? 'none', route: route?.path ?? 'none', status },
        seconds,
      ),
  });
  await makeDevelopmentAccount(config, database, domains);
  const answer = app.callback();
  const server = createServer(
    { ...timeouts, shouldUpgradeCallback: asksForWebSocket },
    (request, response) => void answer(request, response),
  );
  sockets.attach(server, (request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.PORT, config.HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log.info({ domains, port }, 'the API is listening');
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([sockets.close(), closeServer(server, graceMilliseconds)]);
    for (const end of ends) await end();
    await redis?.close();
    await database.close();
    // Last: a call that is still being retried fails in a timer of the SDK, where nobody can catch it.
    await temporal.close();
    await stopTracing();
  };
  return { port, stop: () => (stopped ??= stop()) };
}

/** The account of `npm start`. Its password is its API key, so that there is one thing to copy. */
async function makeDevelopmentAccount(
  config: Config,
  database: Database,
  domains: readonly Domain[],
): Promise<void> {
  const { DEVELOPMENT, DEVELOPMENT_API_KEY: apiKey } = config;
  if (!DEVELOPMENT || !apiKey || !domains.includes('identity')) return;
  await ensureDevelopmentAccount(database, { apiKey, email: 'dev@perdure.local', password: apiKey });
}

function webUiOf({ TEMPORAL_UI_ORIGIN: [origin] }: Config, { namespace }: TemporalConfig): string | null {
  return origin === undefined ? null : `${origin}/namespaces/${encodeURIComponent(namespace)}`;
}
