import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Database } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { startNodeProgram } from '../../platform/local/node-program.ts';
import { startPostgres, type LocalPostgres } from '../../platform/local/postgres.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { freePorts } from '../../platform/ports.ts';
import { compileCache } from '../support/compile-cache.ts';
import { testDataConverter, testEncryptionKeys } from '../support/encryption.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { runFolder } from '../support/run.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startOwnTemporal } from '../support/temporal.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { Part } from './part.ts';
import { outsideOfRun } from './outside.ts';
import { honest, type StageParts } from './stage.ts';

/** Those whose processes are tried. */
const domains = ['search', 'webhooks', 'orders'] as const;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program of ours with its own cables to what it needs. */
export interface Service extends Part {
  toPostgres: TcpProxy;
  toTemporal: TcpProxy;
  /** Where it answers. */
  url: string;
  /** Is started with these settings from now on. */
  environment: Record<string, string>;
}

/** The system as it is deployed: every part a process of its own, each pair joined by a network that can be cut. */
export interface FaultSystem {
  postgres: Part;
  temporal: Part;
  api: Service;
  workers: readonly [Service, Service];
  vendor: Vendor;
  webhooks: WebhookReceiver;
  mailbox: TestMailbox;
  /** Where the files lie; null where no disk can be had for them alone. */
  disk: SmallDisk | null;
  /** The harness's own ways in, past every fault but that of the server itself. */
  database: Database;
  /** What a customer meets of it. */
  stage: StageParts;
  close(): Promise<void>;
}

/** Starts everything, with other ports when somebody was faster. Whatever fails, what has been started is ended. */
export async function startFaultSystem(): Promise<FaultSystem> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce();
    } catch (error) {
      if (tries === 3 || !/EADDRINUSE|address already in use/i.test(String(error))) throw error;
    }
  }
}

async function startOnce(): Promise<FaultSystem> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await start((end) => ends.push(end))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(atEnd: (end: () => Promise<unknown>) => void): Promise<Omit<FaultSystem, 'close'>> {
  const folder = await mkdtemp(join(await runFolder(), 'faults-'));
  const [postgresPort = 0, temporalPort = 0, ...servicePorts] = await freePorts(5);

  let server: LocalPostgres | undefined;
  const postgres = new Part('PostgreSQL', async () => {
    server = await startPostgres({ dataDir: join(folder, 'postgres'), port: postgresPort, durable: false });
    return server;
  });
  await postgres.start();
  atEnd(() => postgres.stop());
  const postgresUrl = server?.url ?? '';
  await migrate(() => postgresUrl);
  const database = new Database({ url: postgresUrl, domainUrls: {}, poolSize: 8, applicationName: 'test' });
  atEnd(() => database.close());

  const temporal = new Part('Temporal', () =>
    startOwnTemporal(
      // A new run after so few events: every fault meets processes that go from run to run.
      { 'limit.historyCount.suggestContinueAsNew': 60 },
      { dbFile: join(folder, 'temporal.db'), port: temporalPort },
    ),
  );
  await temporal.start();
  atEnd(() => temporal.stop());
  const connection = await Connection.connect({ address: `127.0.0.1:${temporalPort}` });
  atEnd(() => connection.close());
  const client = new Client({ connection, dataConverter: testDataConverter });

  const vendor = await startVendor(honest);
  atEnd(() => vendor.close());
  const webhooks = await startWebhookReceiver();
  atEnd(() => webhooks.close());
  const outside = await outsideOfRun();
  const mailbox = await startMailbox();
  atEnd(() => mailbox.close());

  const storage = join(folder, 'storage');
  const disk = await mountSmallDisk(storage, 48);
  if (disk) atEnd(() => disk.close());

  const shared: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    ...compileCache,
    PUBLIC_URL: `http://127.0.0.1:${servicePorts[0]}`,
    SMTP_URL: mailbox.url,
    STORAGE_DIR: storage,
    STORAGE_SIGNING_SECRET: randomBytes(24).toString('hex'),
    ENCRYPTION_KEYS: testEncryptionKeys,
    OUTBOUND_ALLOW_PRIVATE: [vendor.host, webhooks.address].join(','),
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'warn',
    // Other tests are at work on the machine: workers do not stand back behind them.
    WORKER_NICENESS: '0',
    ...outside.settings,
  };
  const service = async (name: string, script: string, port: number, args: string[]): Promise<Service> => {
    const toPostgres = await startTcpProxy({ port: postgresPort });
    atEnd(() => toPostgres.close());
    const toTemporal = await startTcpProxy({ port: temporalPort });
    atEnd(() => toTemporal.close());
    const url = `http://127.0.0.1:${port}`;
    const part: Part & Partial<Service> = new Part(name, () =>
      startService({
        name,
        script,
        args,
        url,
        env: {
          ...shared,
          DATABASE_URL: postgresUrl.replace(`:${postgresPort}/`, `:${toPostgres.port}/`),
          TEMPORAL_ADDRESS: `127.0.0.1:${toTemporal.port}`,
          PORT: String(port),
          METRICS_PORT: String(port),
          ...part.environment,
        },
      }),
    );
    atEnd(() => part.stop());
    return Object.assign(part, { toPostgres, toTemporal, url, environment: {} });
  };
  const [apiPort = 0, firstPort = 0, secondPort = 0] = servicePorts;
  const api = await service('the API', 'api/main.ts', apiPort, []);
  const served = ['--domains', domains.join(',')];
  const workers = [
    await service('the first worker', 'workers/main.ts', firstPort, served),
    await service('the second worker', 'workers/main.ts', secondPort, served),
  ] as const;
  // One after the other: the first bundles the workflows, if nobody has yet.
  for (const part of [api, ...workers]) await part.start();
  const stage = { url: api.url, database, temporal: client, domains, vendor, webhooks, outside };
  return { postgres, temporal, api, workers, vendor, webhooks, mailbox, disk, database, stage };
}

async function startService(program: {
  name: string;
  script: string;
  args: string[];
  url: string;
  env: Record<string, string>;
}): Promise<TetheredProcess> {
  const { name, args, url, env } = program;
  const echo = env['TEST_LOG_LEVEL'] ?? process.env['TEST_LOG_LEVEL'];
  return await startNodeProgram(
    {
      name,
      script: join(root, program.script),
      args,
      env,
      cwd: root,
      readyUrl: `${url}/ready`,
      ...(echo ? { onLine: (line) => process.stderr.write(`${name}: ${line}\n`) } : {}),
    },
    new AbortController().signal,
  );
}
