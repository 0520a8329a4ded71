import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Database } from '../db/database.ts';
import type { Domain } from '../domain/domains.ts';
import type { Config } from '../platform/config.ts';
import { createLogger } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { closeServer, type ReadinessChecks } from '../platform/ops-server.ts';
import { openStorage } from '../platform/storage/open.ts';
import type { TemporalConfig } from '../temporal.config.ts';
import { createApp } from './app.ts';
import { createMailRoutes } from './dev/mail.routes.ts';
import { createDocsRoutes } from './docs/docs.routes.ts';
import { createAuthenticator } from './middleware/authenticator.ts';
import { createRateLimiter } from './middleware/rate-limiter.ts';
import { createRoutes } from './routes.ts';
import type { Services } from './services.ts';
import { createSystemRoutes } from './system.routes.ts';
import { lazyTemporal } from './temporal.ts';

export interface RunningApi {
  port: number;
  stop(): Promise<void>;
}

/** Starts the API of some domains. Temporal need not be there: commands are accepted without it. */
export async function startApi(
  config: Config,
  temporalConfig: TemporalConfig,
  domains: readonly Domain[],
): Promise<RunningApi> {
  const log = createLogger('api', config.LOG_LEVEL);
  const metrics = createMetrics('api');
  const database = new Database({
    url: config.DATABASE_URL,
    domainUrls: config.domainUrls,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'api',
  });
  const temporal = lazyTemporal(temporalConfig);
  const services: Services = {
    config,
    database,
    storage: openStorage(config),
    temporal: temporal.client,
    log,
    metrics,
  };
  const checks: ReadinessChecks = {
    database: async () => void (await Promise.all(domains.map((domain) => database.ping(domain)))),
    temporal: async () => void (await (await temporal.client()).connection.workflowService.getSystemInfo({})),
  };
  const routes = [
    ...createRoutes(services, domains),
    ...createSystemRoutes(services, checks),
    ...(config.DEVELOPMENT && config.MAILBOX_DIR ? createMailRoutes(config.MAILBOX_DIR) : []),
  ];
  const app = createApp({
    routes: [...routes, ...createDocsRoutes(routes, config.PUBLIC_URL)],
    database,
    authenticator: createAuthenticator(services),
    rateLimiter: createRateLimiter({ database }),
    log,
    trustedProxies: config.TRUSTED_PROXIES,
    onAnswer: (route, status, seconds) =>
      metrics.httpSeconds.observe(
        { method: route?.method ?? 'none', route: route?.path ?? 'none', status },
        seconds,
      ),
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.PORT, config.HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log.info({ domains, port }, 'the API is listening');
  return {
    port,
    stop: async () => {
      await closeServer(server);
      await temporal.close();
      await database.close();
    },
  };
}
