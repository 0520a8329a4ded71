import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Database } from '../../db/database.ts';
import { ensureDevelopmentAccount } from '../../db/identity/development.ts';
import { migrate } from '../../db/migrate.ts';
import { publishingDomains } from '../../domain/domains.ts';
import { newApiKey } from '../../domain/identity/api-key.ts';
import { cacheCandidates } from '../../platform/local/local-settings.ts';
import { startMailSink } from '../../platform/local/mail-sink.ts';
import { behindCallers } from '../../platform/stand-back.ts';
import { startNodeProgram } from '../../platform/local/node-program.ts';
import { freePort } from '../../platform/ports.ts';
import { startPostgres, type LocalPostgres } from '../../platform/local/postgres.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { locateTemporalCli } from '../../platform/local/temporal-cli.ts';
import { startTemporal, type LocalTemporal } from '../../platform/local/temporal.ts';
import { ApiClient } from './client.ts';

/** How long what a part has set going may take: thousands of batches, at some thirty a second. */
const settleSeconds = 240;

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** An organisation with a client of its own. */
export interface Tenant {
  id: string;
  userId: string;
  api: ApiClient;
}

/** A running Temporal Service, as far as the benchmark needs it. */
export type BenchTemporal = Pick<LocalTemporal, 'address' | 'namespace' | 'pid' | 'stop'>;

/** Prepares a Temporal Service, and gives what starts it on a port. */
export type TemporalServer = (parts: {
  folder: string;
  postgres: LocalPostgres;
}) => Promise<(port: number) => Promise<BenchTemporal>>;

/** That of `npm start`. */
export const developmentTemporal: TemporalServer = async ({ folder }) => {
  const { path } = await locateTemporalCli({
    searchPath: process.env['PATH'],
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    cacheCandidates: cacheCandidates({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }, join(root, '.data')),
  });
  const dbFile = join(folder, 'temporal', 'temporal.db');
  const options = {
    program: path,
    dbFile,
    uiPort: null,
    logLevel: 'error',
    niceness: behindCallers,
  } as const;
  return (port) => startTemporal({ ...options, port });
};

/**
 * The real system on free ports and in a folder of its own: PostgreSQL with fsync on, Temporal's development server on a
 * file, the API and the workers as processes with the settings of `npm start`.
 */
export class Stage {
  postgres: LocalPostgres;
  readonly folder: string;
  readonly apiUrl: string;
  /** A port of this machine that messages may be sent to. */
  readonly receiverPort: number;
  readonly database: Database;
  temporal: BenchTemporal;
  api: TetheredProcess;
  workers: TetheredProcess;
  readonly #program: (port: number) => Promise<BenchTemporal>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #ends: (() => Promise<unknown>)[];

  private constructor(parts: {
    postgres: LocalPostgres;
    folder: string;
    apiUrl: string;
    receiverPort: number;
    database: Database;
    temporal: BenchTemporal;
    api: TetheredProcess;
    workers: TetheredProcess;
    program: (port: number) => Promise<BenchTemporal>;
    environment: NodeJS.ProcessEnv;
    ends: (() => Promise<unknown>)[];
  }) {
    this.postgres = parts.postgres;
    this.folder = parts.folder;
    this.apiUrl = parts.apiUrl;
    this.receiverPort = parts.receiverPort;
    this.database = parts.database;
    this.temporal = parts.temporal;
    this.api = parts.api;
    this.workers = parts.workers;
    this.#program = parts.program;
    this.#environment = parts.environment;
    this.#ends = parts.ends;
  }

  /** @param profile a folder for CPU profiles of API and workers, written when they end */
  static async open(profile?: string, temporalServer = developmentTemporal): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-bench-'));
    const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
    try {
      // A database server that runs as another user may pass through.
      await chmod(folder, 0o711);
      const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
      const stopPostgres = () => postgres.stop();
      ends.push(stopPostgres);
      const program = await temporalServer({ folder, postgres });
      const temporal = await program(await freePort());
      const mail = await startMailSink({ folder: join(folder, 'mail') });
      ends.push(() => mail.stop());
      await migrate(() => postgres.url);
      const database = new Database({
        url: postgres.url,
        domainUrls: {},
        poolSize: 4,
        applicationName: 'bench',
      });
      ends.push(() => database.close());
      const port = await freePort();
      const apiUrl = `http://127.0.0.1:${port}`;
      const receiverPort = await freePort();
      const environment: NodeJS.ProcessEnv = {
        PATH: process.env['PATH'],
        DATABASE_URL: postgres.url,
        TEMPORAL_ADDRESS: temporal.address,
        SMTP_URL: mail.url,
        HOST: '127.0.0.1',
        PORT: String(port),
        PUBLIC_URL: apiUrl,
        OUTBOUND_ALLOW_PRIVATE: `127.0.0.1:${receiverPort}`,
        STORAGE_DIR: join(folder, 'storage'),
        STORAGE_SIGNING_SECRET: randomBytes(32).toString('hex'),
        ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
        NODE_COMPILE_CACHE: join(folder, 'cache'),
        ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
      };
      await mkdir(join(folder, 'storage'));
      const workers = await startWorkers(environment);
      const api = await startApi(environment, apiUrl);
      const stage = new Stage({
        postgres,
        folder,
        apiUrl,
        receiverPort,
        database,
        temporal,
        api,
        workers,
        program,
        environment,
        ends,
      });
      ends[ends.indexOf(stopPostgres)] = () => stage.postgres.stop();
      ends.push(
        () => stage.temporal.stop(),
        () => stage.workers.stop(),
        () => stage.api.stop(),
      );
      return stage;
    } catch (error) {
      for (const end of ends.toReversed()) await end();
      throw error;
    }
  }

  /** An organisation out of reach of the rate limits, which are no part of what is measured. */
  async tenant(): Promise<Tenant> {
    const apiKey = newApiKey();
    const email = `${randomBytes(6).toString('hex')}@bench.example`;
    const { tenantId, userId } = await ensureDevelopmentAccount(this.database, {
      apiKey,
      email,
      password: apiKey,
    });
    return { id: tenantId, userId, api: new ApiClient(this.apiUrl, apiKey) };
  }

  async postgresVersion(): Promise<string> {
    const [row] = await this.database.read('search', ({ sql }) =>
      sql<{ version: string }>(`select current_setting('server_version') as version`),
    );
    return row?.version ?? 'unknown';
  }

  async temporalVersion(): Promise<string> {
    return await this.withTemporalClient(
      async ({ workflowService }) => (await workflowService.getSystemInfo({})).serverVersion,
    );
  }

  async withTemporalClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: this.temporal.address });
    try {
      return await work(new Client({ connection, namespace: this.temporal.namespace }));
    } finally {
      await connection.close();
    }
  }

  /** Lets nothing come of what was accepted while nobody was there to do it. */
  async forgetDeliveries(): Promise<void> {
    for (const domain of publishingDomains)
      await this.database.transaction(domain, ({ sql }) => sql(`delete from ${domain}.outbox_deliveries`));
  }

  /** Waits until all that was set going is done: it would be at work beside what is measured next. */
  async settle(): Promise<void> {
    const deadline = performance.now() + settleSeconds * 1_000;
    while (await this.#isAtWork()) {
      if (performance.now() > deadline)
        throw new Error(`What was set going is not done after ${settleSeconds} seconds.`);
      await pause(500);
    }
  }

  async #isAtWork(): Promise<boolean> {
    const waiting = await Promise.all(
      publishingDomains.map((domain) =>
        this.database.read(domain, ({ sql }) =>
          sql(`select 1 from ${domain}.outbox_deliveries where parked_at is null limit 1`),
        ),
      ),
    );
    if (waiting.some((rows) => rows.length > 0)) return true;
    return await this.withTemporalClient(
      async ({ workflow }) => (await workflow.count(`ExecutionStatus = 'Running'`)).count > 0,
    );
  }

  /** Takes Temporal away. */
  async stopTemporal(): Promise<void> {
    await this.temporal.stop();
  }

  /** Brings Temporal back, where it was and as it was. */
  async restartTemporal(): Promise<void> {
    this.temporal = await this.#program(Number(this.temporal.address.split(':')[1]));
  }

  async restartWorkers(): Promise<void> {
    await this.workers.stop();
    this.workers = await startWorkers(this.#environment);
  }

  /** Ends every process, as when the machine is switched off in order, and starts all of it again where it was. */
  async restartEverything(): Promise<void> {
    await Promise.all([this.api.stop(), this.workers.stop()]);
    await this.temporal.stop();
    await this.postgres.stop();
    const { port } = this.postgres;
    this.postgres = await startPostgres({ dataDir: join(this.folder, 'postgres'), port });
    await this.restartTemporal();
    [this.workers, this.api] = await Promise.all([
      startWorkers(this.#environment),
      startApi(this.#environment, this.apiUrl),
    ]);
  }

  /** Runs work with other settings of API and workers, which are started anew for it and afterwards. */
  async withSettings<T>(settings: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
    await this.#restart({ ...this.#environment, ...settings });
    try {
      return await work();
    } finally {
      await this.#restart(this.#environment);
    }
  }

  async #restart(environment: NodeJS.ProcessEnv): Promise<void> {
    await this.api.stop();
    await this.workers.stop();
    this.workers = await startWorkers(environment);
    this.api = await startApi(environment, this.apiUrl);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }
}

const never = new AbortController().signal;

async function startWorkers(environment: NodeJS.ProcessEnv): Promise<TetheredProcess> {
  const port = await freePort();
  return await startNodeProgram(
    {
      name: 'Workers',
      script: join(root, 'workers/main.ts'),
      cwd: root,
      env: { ...environment, METRICS_PORT: String(port) },
      readyUrl: `http://127.0.0.1:${port}/ready`,
      stop: [{ signal: 'SIGTERM', wait: 25 }],
    },
    never,
  );
}

async function startApi(environment: NodeJS.ProcessEnv, url: string): Promise<TetheredProcess> {
  const script = join(root, 'api/main.ts');
  const program = { name: 'API', script, cwd: root, env: environment, readyUrl: `${url}/ready` };
  return await startNodeProgram(program, never);
}
