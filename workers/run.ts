import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { activityInterceptor } from '../activities/interceptor.ts';
import type { WorkerServices } from '../activities/services.ts';
import { Database } from '../db/database.ts';
import { watchPools } from '../db/pool-figures.ts';
import { publishingDomains, type Domain } from '../domain/domains.ts';
import { openCarrier } from '../platform/carriers/open.ts';
import type { Config } from '../platform/config.ts';
import { freePort } from '../platform/ports.ts';
import { createLogger } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { startOpsServer } from '../platform/ops-server.ts';
import { createMailer } from '../platform/mail/mailer.ts';
import { openPaymentProcessor } from '../platform/payments/open.ts';
import { openRedis } from '../platform/redis/open.ts';
import { startTracing } from '../platform/telemetry/tracing.ts';
import { MailSender } from '../services/notifications/mail-sender.ts';
import { openOrderOutside } from '../services/orders/open.ts';
import { openSearchEngine } from '../services/search/open.ts';
import { openFileStorage } from '../services/storage/open.ts';
import { Sender } from '../services/webhooks/sender.ts';
import { dataConverterOf, shutdown, slotsOf, type TemporalConfig } from '../temporal.config.ts';
import { activitiesOf } from './activities.ts';
import { workflowBundle } from './bundle.ts';
import { createConsumers } from './consumers.ts';
import { coreFigures } from './core-figures.ts';
import { cronWork } from './cron.ts';
import { Figures } from './figures.ts';
import { requirePollers } from './queue-figures.ts';
import { connectionsOf, Relay, relaySettings } from './relay.ts';
import { reconcileSchedules } from './schedules.ts';
import { NotificationSending } from './notification-sending.ts';
import { installRuntime } from './runtime.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { createTenantSealing } from './tenant-sealing.ts';
import { traceHeaders } from './trace-headers.ts';
import { createWorkflowSinks } from './workflow-sinks.ts';
import { deploymentOf } from './versioning.ts';
import { WebhookSending } from './webhook-sending.ts';

export interface RunningWorkers {
  opsPort: number;
  /** Ends when the workers have stopped; rejects when one of them has failed. */
  finished: Promise<void>;
  /** Takes no new work and finishes what is in hand. */
  stop: () => Promise<void>;
}

/**
 * Starts the workers, the relay and the schedules of some domains.
 *
 * @param outside stands in for the processor and the carrier of the configuration
 */
export async function startWorkers(
  config: Config,
  temporal: TemporalConfig,
  domains: readonly Domain[],
  outside: Partial<Pick<WorkerServices, 'payments' | 'carrier'>> = {},
): Promise<RunningWorkers> {
  const log = createLogger('worker', config.LOG_LEVEL);
  installRuntime(log, await freePort());
  const metrics = createMetrics('worker');
  const stopTracing = startTracing('perdure-worker', process.env);
  const database = new Database({
    url: config.DATABASE_URL,
    domainUrls: config.domainUrls,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'worker',
  });
  const redis = await openRedis(config, log);
  const engine = openSearchEngine({ config, database, redis, log });
  const payments = openPaymentProcessor(config);
  const parcels = openCarrier(config);
  const services: WorkerServices = {
    config,
    database,
    storage: openFileStorage(config, database),
    log,
    metrics,
    engine,
    ...openOrderOutside(payments?.processor ?? null, parcels?.carrier ?? null, config.ENCRYPTION_KEYS),
    ...outside,
  };
  const [connection, workflows] = await Promise.all([
    NativeConnection.connect(temporal.connection),
    workflowBundle(config.WORKFLOW_BUNDLE),
  ]);
  const sealing = createTenantSealing({ database, config, log }, () => client);
  const dataConverter = dataConverterOf(config.ENCRYPTION_KEYS, sealing);
  const client: Client = new Client({
    connection,
    namespace: temporal.namespace,
    dataConverter,
    interceptors: { workflow: [traceHeaders] },
  });
  await registerSearchAttributes(connection, temporal.namespace, log);
  await reconcileSchedules(client, cronWork, domains);

  const workers = await Promise.all(
    domains.map((domain) =>
      Worker.create({
        connection,
        namespace: temporal.namespace,
        taskQueue: domain,
        dataConverter,
        workflowBundle: workflows,
        ...(config.WORKER_VERSIONING ? { workerDeploymentOptions: deploymentOf(domain, workflows) } : {}),
        activities: activitiesOf(domain, services),
        interceptors: { activity: [activityInterceptor(log, metrics)] },
        sinks: createWorkflowSinks(metrics),
        ...slotsOf(domain, config),
        shutdownGraceTime: shutdown.graceTime,
        shutdownForceTime: shutdown.forceTime,
      }),
    ),
  );
  const consumers = createConsumers(services, () => Promise.resolve(client), sealing.workflows);
  const relayed = publishingDomains.filter((domain) => domains.includes(domain));
  const relayDatabase = new Database({
    url: config.DATABASE_URL,
    domainUrls: config.domainUrls,
    poolSize: connectionsOf(relayed),
    applicationName: 'relay',
    settings: relaySettings,
  });
  const relay = new Relay({ database: relayDatabase, domains: relayed, consumers, log, metrics });
  relay.start();
  const sending = [
    ...(domains.includes('webhooks') ? [startWebhooks(services)] : []),
    ...(domains.includes('notifications') ? [startMails(services)] : []),
  ];
  watchPools(metrics.registry, { worker: database, relay: relayDatabase });
  const figures = new Figures({ client, database, domains, metrics, log });
  const shown = {
    contentType: metrics.registry.contentType,
    metrics: async () => `${await metrics.registry.metrics()}\n${await coreFigures()}`,
  };
  const ops = await startOpsServer({ host: config.HOST, port: config.METRICS_PORT }, shown, {
    database: async () => void (await Promise.all(domains.map((domain) => database.ping(domain)))),
    temporal: async () =>
      void (await client.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.getSystemInfo({}),
      )),
    workers: async () => {
      const idle = workers.find((worker) => worker.getState() !== 'RUNNING');
      if (idle) throw new Error('a worker is not running');
    },
    pollers: async () =>
      void (await client.withDeadline(Date.now() + 2_000, () =>
        Promise.all(domains.map((domain) => requirePollers(client, domain))),
      )),
  });
  const runs = workers.map((worker) => worker.run());
  figures.start();
  const finished = Promise.all(runs).then(() => undefined);
  log.info({ domains, port: ops.port }, 'workers are running');
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    // Together: each may wait for what no longer answers, and their times added up would be more than a process has to end in.
    await Promise.all([
      figures.stop(),
      relay.stop(),
      ...sending.map((one) => one.stop()),
      Promise.allSettled(runs),
    ]);
    await relayDatabase.close();
    await ops.close();
    await connection.close();
    await engine.close();
    await payments?.close();
    await parcels?.close();
    await redis?.close();
    await database.close();
    await stopTracing();
  };
  return { opsPort: ops.port, finished, stop: () => (stopping ??= stop()) };
}

/** Sends messages to endpoints, beside the workers of the domain. */
function startWebhooks({ config, database, log, metrics }: WorkerServices): WebhookSending {
  const sender = new Sender({ keys: config.ENCRYPTION_KEYS, allowPrivate: config.OUTBOUND_ALLOW_PRIVATE });
  const sending = new WebhookSending({ database, sender, log, metrics });
  sending.start();
  return sending;
}

/** Sends the mails of notices, beside the workers of the domain. */
function startMails({ config, database, log, metrics }: WorkerServices): NotificationSending {
  const sender = new MailSender({ database, config, mailer: createMailer(config) });
  const sending = new NotificationSending({ database, sender, log, metrics });
  sending.start();
  return sending;
}
