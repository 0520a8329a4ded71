import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessList, waitForLeftovers } from './leftovers.ts';
import { assertPortsFree } from './listeners.ts';
import { cacheCandidates, type LocalSettings } from './local-settings.ts';
import { openLog, type LogFile } from './log-file.ts';
import { startMailSink } from './mail-sink.ts';
import { runNodeProgram, startNodeProgram, type NodeProgram } from './node-program.ts';
import { freePort } from '../ports.ts';
import { behindCallers } from '../stand-back.ts';
import { startPostgres } from './postgres.ts';
import type { TetheredProcess } from './process.ts';
import { keptSecrets } from './secrets.ts';
import { planSimulators, type LocalSimulator } from './simulators.ts';
import type { Part } from './supervised.ts';
import { Supervisor, type SupervisorEvents } from './supervisor.ts';
import { locateTemporalCli } from './temporal-cli.ts';
import { startTemporal } from './temporal.ts';

/** Who needs whom: what stands on something else has the higher rank, and ends before it. */
const ranks = { database: 1, mail: 1, vendors: 1, temporal: 2, workers: 3, api: 4 } as const;

export interface LocalSystemOptions {
  /** The repository. */
  root: string;
  /** Everything that is kept lies in here. */
  dataDir: string;
  settings: LocalSettings;
  /** What the programs inherit. */
  environment: NodeJS.ProcessEnv;
  makeApiKey: () => string;
  events: SupervisorEvents & { detail(name: string, text: string): void; line(text: string): void };
}

export interface LocalSystem {
  apiUrl: string;
  /** Null when TEMPORAL_ADDRESS names a service that isn't ours. */
  temporalUiUrl: string | null;
  developmentApiKey: string;
  /** The vendors that are simulated. */
  simulators: readonly LocalSimulator[];
  /** An address of this machine, `host:port`, that endpoints of webhooks may be at. Nobody listens there yet. */
  receiverAddress: string;
  supervisor: Supervisor;
  /** Ends everything in order. */
  stop(): Promise<void>;
}

/**
 * The whole system on this machine: PostgreSQL, Temporal, the mail sink, migrations, workers and API, as one
 * supervised tree. What the settings name as running elsewhere (DATABASE_URL, TEMPORAL_ADDRESS, SMTP_URL) isn't started.
 * The caller holds the lock of the data folder. `start` may be aborted by `stop`.
 */
export async function prepareLocalSystem(
  options: LocalSystemOptions,
): Promise<LocalSystem & { start(): Promise<void> }> {
  const { dataDir, events } = options;
  // 0711: a database server that runs as another user may pass through, and nobody may look around.
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const secrets = await keptSecrets(join(dataDir, 'secrets.json'), options.makeApiKey);
  const supervisor = new Supervisor(events);
  const logs: LogFile[] = [];
  const host = '127.0.0.1';
  const apiUrl = `http://${host}:${options.settings.PORT}`;
  const uiUrl = options.settings.TEMPORAL_ADDRESS
    ? null
    : `http://${host}:${options.settings.TEMPORAL_UI_PORT}`;
  const simulators = await planSimulators(options.settings, apiUrl, secrets.simulatorWebhookSecret);
  const receiverAddress = `${host}:${await freePort()}`;
  const { OUTBOUND_ALLOW_PRIVATE: allowed } = options.environment;
  const tree = new LocalTree(options, supervisor, simulators, logs, {
    ...options.environment,
    OUTBOUND_ALLOW_PRIVATE: allowed ? `${allowed},${receiverAddress}` : receiverAddress,
    // Some people type one, some the other; to a browser they are two origins.
    ...(uiUrl ? { TEMPORAL_UI_ORIGIN: `${uiUrl},${uiUrl.replace(host, 'localhost')}` } : {}),
    HOST: host,
    PORT: String(options.settings.PORT),
    PUBLIC_URL: options.environment['PUBLIC_URL'] ?? apiUrl,
    STORAGE_DIR: join(dataDir, 'storage'),
    STORAGE_SIGNING_SECRET: secrets.storageSigningSecret,
    ENCRYPTION_KEYS: secrets.encryptionKeys,
    DEVELOPMENT: 'true',
    DEVELOPMENT_API_KEY: secrets.developmentApiKey,
    MAILBOX_DIR: join(dataDir, 'mail'),
    // Compiled code is kept, which makes the next start faster.
    NODE_COMPILE_CACHE: join(dataDir, 'cache', 'compiled'),
  });
  return {
    apiUrl,
    temporalUiUrl: uiUrl,
    developmentApiKey: secrets.developmentApiKey,
    simulators,
    receiverAddress,
    supervisor,
    start: () => tree.start(),
    stop: async () => {
      await supervisor.stop();
      await Promise.all(logs.map((log) => log.close()));
    },
  };
}

class LocalTree {
  readonly #options: LocalSystemOptions;
  readonly #supervisor: Supervisor;
  readonly #simulators: readonly LocalSimulator[];
  readonly #logs: LogFile[];
  readonly #environment: NodeJS.ProcessEnv;
  readonly #processes: ProcessList;

  constructor(
    options: LocalSystemOptions,
    supervisor: Supervisor,
    simulators: readonly LocalSimulator[],
    logs: LogFile[],
    environment: NodeJS.ProcessEnv,
  ) {
    this.#options = options;
    this.#supervisor = supervisor;
    this.#simulators = simulators;
    this.#logs = logs;
    this.#environment = environment;
    this.#processes = new ProcessList(join(options.dataDir, 'processes.json'));
  }

  async start(): Promise<void> {
    const { dataDir, events } = this.#options;
    await waitForLeftovers(join(dataDir, 'processes.json'), (names) =>
      events.line(`  … waiting for what an earlier run left: ${names.join(', ')}`),
    );
    await this.#assertPorts();
    await Promise.all([
      this.#database().then(() => this.#migrations()),
      this.#temporal(),
      this.#mail(),
      this.#vendors(),
    ]);
    await Promise.all([this.#workers(), this.#api()]);
  }

  async #assertPorts(): Promise<void> {
    const { settings } = this.#options;
    const { PORT, PERDURE_POSTGRES_PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT } = settings;
    await assertPortsFree([
      { purpose: 'API', port: PORT, variable: 'PORT' },
      ...(settings.DATABASE_URL
        ? []
        : [{ purpose: 'PostgreSQL', port: PERDURE_POSTGRES_PORT, variable: 'PERDURE_POSTGRES_PORT' }]),
      ...(settings.TEMPORAL_ADDRESS
        ? []
        : [
            { purpose: 'Temporal', port: TEMPORAL_PORT, variable: 'TEMPORAL_PORT' },
            { purpose: 'Temporal Web UI', port: TEMPORAL_UI_PORT, variable: 'TEMPORAL_UI_PORT' },
          ]),
    ]);
  }

  async #database(): Promise<void> {
    const { settings, dataDir, events } = this.#options;
    if (settings.DATABASE_URL) return;
    const log = await this.#log('postgres');
    const part: Part = {
      name: 'PostgreSQL',
      start: async (signal) => {
        const server = await startPostgres({
          dataDir: join(dataDir, 'postgres', 'data'),
          port: settings.PERDURE_POSTGRES_PORT,
          signal,
          onLog: log.write,
        });
        await this.#processes.add(part.name, server.identity);
        this.#environment['DATABASE_URL'] = server.url;
        events.detail(part.name, `${server.host}:${server.port}`);
        return server;
      },
    };
    await this.#supervisor.run(part, ranks.database);
  }

  async #temporal(): Promise<void> {
    const { settings, dataDir, events } = this.#options;
    if (settings.TEMPORAL_ADDRESS) return;
    const log = await this.#log('temporal');
    const part: Part = {
      name: 'Temporal',
      start: async (signal) => {
        const { path, source } = await locateTemporalCli({
          cliPath: settings.TEMPORAL_CLI_PATH,
          searchPath: settings.PATH,
          cacheCandidates: cacheCandidates(settings, dataDir),
          onLog: (line) => events.line(`  … ${line}`),
          signal,
        });
        const server = await startTemporal({
          program: path,
          dbFile: join(dataDir, 'temporal', 'temporal.db'),
          port: settings.TEMPORAL_PORT,
          uiPort: settings.TEMPORAL_UI_PORT,
          codecEndpoint: `http://127.0.0.1:${settings.PORT}/v1/codec`,
          niceness: behindCallers,
          signal,
          onLog: log.write,
        });
        await this.#processes.add(part.name, server.identity);
        this.#environment['TEMPORAL_ADDRESS'] = server.address;
        events.detail(part.name, `${server.address}, from ${source}`);
        return server;
      },
    };
    await this.#supervisor.run(part, ranks.temporal);
  }

  async #mail(): Promise<void> {
    const { settings, dataDir, events } = this.#options;
    if (settings.SMTP_URL) return;
    const log = await this.#log('mail');
    const part: Part = {
      name: 'Mail',
      start: async () => {
        const sink = await startMailSink({
          folder: join(dataDir, 'mail'),
          onError: ({ message }) => log.write(message),
        });
        this.#environment['SMTP_URL'] = sink.url;
        events.detail(part.name, `${sink.url} (kept here, sent to nobody)`);
        const { promise: exited, resolve } = Promise.withResolvers<{ code: number; signal: null }>();
        const stop = () => sink.stop().then(() => resolve({ code: 0, signal: null }));
        return { exited, stop, kill: () => void stop() };
      },
    };
    await this.#supervisor.run(part, ranks.mail);
  }

  /** Simulators of the vendors that there is no key for. */
  async #vendors(): Promise<void> {
    await Promise.all(this.#simulators.map((simulator) => this.#vendor(simulator)));
  }

  async #vendor({ vendor, kind, port, url, settings, receiver }: LocalSimulator): Promise<void> {
    const { dataDir, events } = this.#options;
    const name = `${vendor} (simulated)`;
    const log = await this.#log(kind);
    Object.assign(this.#environment, settings);
    const part: Part = {
      name,
      start: async (signal) => {
        const program = this.#program(name, '', log);
        // It is this folder's own, as the mail sink is.
        const script = fileURLToPath(new URL(`./${kind}/main.ts`, import.meta.url));
        const env = {
          ...program.env,
          SIMULATOR_WEBHOOK_URL: receiver.url,
          SIMULATOR_WEBHOOK_SECRET: receiver.secret,
          SIMULATED_PARCEL_SECONDS: String(this.#options.settings.SIMULATED_PARCEL_SECONDS),
        };
        events.detail(name, url);
        const args = [join(dataDir, kind), String(port)];
        return await startNodeProgram({ ...program, env, script, args, readyUrl: `${url}/healthz` }, signal);
      },
    };
    await this.#supervisor.run(part, ranks.vendors);
  }

  async #migrations(): Promise<void> {
    const log = await this.#log('migrations');
    let applied = 0;
    await this.#supervisor.step('Migrations', async (signal) => {
      await runNodeProgram(
        {
          ...this.#program('Migrations', 'db/migrate-main.ts', log),
          onLine: (line) => {
            log.write(line);
            applied += 1;
          },
        },
        signal,
      );
      this.#options.events.detail('Migrations', applied > 0 ? `${applied} applied` : 'up to date');
    });
  }

  async #workers(): Promise<void> {
    const log = await this.#log('workers');
    const part: Part = {
      name: 'Workers',
      start: async (signal) => {
        const port = await freePort();
        const program = this.#program(part.name, 'workers/main.ts', log);
        this.#options.events.detail(part.name, `http://127.0.0.1:${port}/metrics`);
        return await startNodeProgram(
          {
            ...program,
            env: { ...program.env, METRICS_PORT: String(port) },
            readyUrl: `http://127.0.0.1:${port}/ready`,
            // It lets activities in hand finish; the worker's own limit for that is shorter.
            stop: [{ signal: 'SIGTERM', wait: 25 }],
          },
          signal,
        );
      },
    };
    await this.#supervisor.run(part, ranks.workers);
  }

  async #api(): Promise<void> {
    const { settings, events } = this.#options;
    const log = await this.#log('api');
    const url = `http://127.0.0.1:${settings.PORT}`;
    const part: Part = {
      name: 'API',
      start: async (signal) => {
        events.detail(part.name, url);
        const program = this.#program(part.name, 'api/main.ts', log);
        return await startNodeProgram({ ...program, readyUrl: `${url}/ready` }, signal);
      },
    };
    await this.#supervisor.run(part, ranks.api);
  }

  /** One of our programs; the environment is taken when it starts, with the addresses known by then. */
  #program(name: string, script: string, log: LogFile): Omit<NodeProgram, 'readyUrl'> {
    const { root } = this.#options;
    return {
      name,
      script: join(root, script),
      cwd: root,
      env: { ...this.#environment },
      onLine: log.write,
      onSpawn: (running: TetheredProcess) => this.#processes.add(name, running.identity),
    };
  }

  async #log(name: string): Promise<LogFile> {
    const log = await openLog(join(this.#options.dataDir, 'logs', `${name}.log`));
    this.#logs.push(log);
    return log;
  }
}
