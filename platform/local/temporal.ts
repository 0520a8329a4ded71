import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePorts } from '../ports.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { startTethered, type ProcessExit, type TetheredProcess } from './process.ts';

/** The types a search attribute can have, with their numbers in Temporal's API (enum IndexedValueType). */
const indexedValueTypes = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
} as const;

export type SearchAttributeType = keyof typeof indexedValueTypes;

export interface TemporalOptions {
  /** The CLI, from locateTemporalCli. */
  program: string;
  /** The file that holds all workflows; null keeps them in memory. */
  dbFile: string | null;
  ip?: string;
  /** 0 or none: a free one. */
  port?: number;
  /** 0: a free one; null: no Web UI. */
  uiPort?: number | null;
  namespace?: string;
  searchAttributes?: Record<string, SearchAttributeType>;
  /** Beside those every server of ours runs with. Values as JSON values. */
  dynamicConfig?: Record<string, unknown>;
  /** Where the Web UI has payloads decoded. */
  codecEndpoint?: string;
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** How far it stands back on a busy machine. Not at all without it. */
  niceness?: number;
  signal?: AbortSignal;
  onLog?: (line: string) => void;
}

export interface LocalTemporal {
  /** host:port of the gRPC service. */
  address: string;
  uiUrl: string | null;
  namespace: string;
  pid: number;
  /** Settles when the server has ended, for whatever reason. */
  exited: Promise<ProcessExit>;
  identity: ProcessIdentity | null;
  stop(): Promise<void>;
  kill(): void;
}

/** Tenants take turns on a task queue by their fairness key; and a start request may ask that its timers skip time. */
const dynamicConfig = {
  'matching.enableFairness': true,
  'matching.useNewMatcher': true,
  'frontend.WorkflowTimeSkippingEnabled': true,
};

/**
 * Starts Temporal's development server and waits until it knows its namespace and search attributes.
 * With a file, SQLite's write-ahead log and one sync a checkpoint make it as fast as in memory; kill -9 loses nothing.
 */
export async function startTemporal(options: TemporalOptions): Promise<LocalTemporal> {
  const { ip = '127.0.0.1', namespace = 'default', signal } = options;
  if (options.dbFile) await mkdir(dirname(options.dbFile), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt += 1) {
    const [freeForService = 0, freeForUi = 0] = await freePorts(2, ip);
    const port = options.port || freeForService;
    const uiPort = options.uiPort === 0 ? freeForUi : (options.uiPort ?? null);
    const server = await startTethered({
      name: 'Temporal',
      command: options.program,
      args: serverArguments(options, ip, port, uiPort, namespace),
      niceness: options.niceness ?? 0,
      // The caller's own TEMPORAL_* settings are meant for clients and would change what is started.
      env: withoutTemporalSettings(process.env),
      stop: [
        { signal: 'SIGINT', wait: 10 },
        { signal: 'SIGTERM', wait: 3 },
      ],
      ...(options.onLog ? { onLine: options.onLog } : {}),
    });
    try {
      const attributes = options.searchAttributes ?? {};
      await waitUntilReady(server, { address: `${ip}:${port}`, namespace, attributes }, signal);
    } catch (error) {
      await server.stop();
      const lostPort = server.lastLines().some((line) => /address already in use|can't bind/i.test(line));
      const chosenByUs = !options.port || options.uiPort === 0;
      if (!lostPort || !chosenByUs || attempt === 5 || signal?.aborted) throw error;
      continue;
    }
    return {
      address: `${ip}:${port}`,
      uiUrl: uiPort === null ? null : `http://${ip}:${uiPort}`,
      namespace,
      pid: server.pid,
      exited: server.exited,
      identity: server.identity,
      stop: async () => {
        await server.stop();
      },
      kill: () => server.kill(),
    };
  }
}

function serverArguments(
  options: TemporalOptions,
  ip: string,
  port: number,
  uiPort: number | null,
  namespace: string,
): string[] {
  const settings = Object.entries({ ...dynamicConfig, ...options.dynamicConfig });
  return [
    'server',
    'start-dev',
    '--ip',
    ip,
    '--port',
    String(port),
    '--namespace',
    namespace,
    '--log-level',
    options.logLevel ?? 'warn',
    '--ui-disable-news-fetch',
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(options.codecEndpoint ? ['--ui-codec-endpoint', options.codecEndpoint] : []),
    ...(options.dbFile
      ? [
          '--db-filename',
          options.dbFile,
          '--sqlite-pragma',
          'journal_mode=WAL',
          '--sqlite-pragma',
          'synchronous=NORMAL',
        ]
      : []),
    ...settings.flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${JSON.stringify(value)}`]),
  ];
}

async function waitUntilReady(
  server: TetheredProcess,
  { address, ...expected }: Expected & { address: string },
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    signal?.throwIfAborted();
    if (server.exit) throw new Error(`Temporal ended while starting:\n${server.lastLines().join('\n')}`);
    // gRPC waits a second after a refused connection, so it is only tried when somebody listens.
    if (await accepts(address)) {
      try {
        await assertKnows(address, expected);
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    } else if (Date.now() > deadline) {
      throw new Error(`Temporal doesn’t listen on ${address}:\n${server.lastLines().join('\n')}`);
    }
    await pause(50, undefined, signal ? { signal } : {});
  }
}

function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.setTimeout(1000, () => socket.destroy());
  });
}

interface Expected {
  namespace: string;
  attributes: Record<string, SearchAttributeType>;
}

/**
 * Rejects unless the service answers within two seconds and knows the namespace and its search attributes. Those it
 * lacks are added here: the CLI's own option for them is only heeded when it makes the namespace.
 */
async function assertKnows(address: string, { namespace, attributes }: Expected): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2000 });
  try {
    await connection.withDeadline(Date.now() + 2000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.entries(attributes).filter(([name]) => !(name in customAttributes));
      if (missing.length === 0) return;
      const searchAttributes = Object.fromEntries(
        missing.map(([name, type]) => [name, indexedValueTypes[type]]),
      );
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      throw new Error(`Temporal lacked the search attributes ${Object.keys(searchAttributes).join(', ')}`);
    });
  } finally {
    await connection.close();
  }
}

function withoutTemporalSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
