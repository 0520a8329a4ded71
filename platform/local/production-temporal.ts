import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { ProductionTemporalPrograms } from './production-temporal-programs.ts';
import { createDatabase } from './postgres-databases.ts';
import { startTethered, type TetheredProcess } from './process.ts';

export interface ProductionTemporalOptions {
  programs: ProductionTemporalPrograms;
  /** The superuser's URL of the PostgreSQL that keeps its two databases, which are made here. */
  adminUrl: string;
  /** Names of the databases begin with it; fresh ones each time. */
  databasePrefix: string;
  /** Fixed for the life of the databases. */
  historyShards: number;
  /** How far it stands back on a busy machine. Not at all without it. */
  niceness?: number;
  /** For its configuration. */
  folder: string;
  /** 0 or none: a free one. */
  port?: number;
  onLog?: (line: string) => void;
}

export interface ProductionTemporal {
  address: string;
  namespace: string;
  pid: number;
  stop(): Promise<void>;
}

const namespace = 'default';
const retention = proto.google.protobuf.Duration.fromObject({ seconds: 7 * 86_400 });
const services = ['frontend', 'history', 'matching', 'worker'];

/** As deploy/temporal/dynamic-config.yaml. */
const dynamicConfig = `
matching.useNewMatcher: [{ value: true }]
matching.enableFairness: [{ value: true }]
`;

/** Starts Temporal's production server, all four of its services in one process, on fresh databases of PostgreSQL. */
export async function startProductionTemporal(
  options: ProductionTemporalOptions,
): Promise<ProductionTemporal> {
  const { programs, folder } = options;
  const databases = await makeDatabases(options);
  const ports = await lowPorts(services.length * 2 + 1);
  const [frontend = 0] = options.port ? [options.port] : ports.slice(-1);
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'temporal.json');
  const dynamicFile = join(folder, 'dynamic-config.yaml');
  await writeFile(dynamicFile, dynamicConfig);
  // JSON is YAML.
  const config = configOf({ ...options, databases, ports, frontend, dynamicFile });
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  const server = await startTethered({
    name: 'Temporal',
    command: programs.server,
    args: ['--config-file', configFile, '--allow-no-auth', 'start'],
    niceness: options.niceness ?? 0,
    stop: [{ signal: 'SIGTERM', wait: 20 }],
    ...(options.onLog ? { onLine: options.onLog } : {}),
  });
  const address = `127.0.0.1:${frontend}`;
  try {
    await makeNamespace(server, address);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { address, namespace, pid: server.pid, stop: async () => void (await server.stop()) };
}

/** Free ports that fit where the server keeps its members' ports: a smallint. */
async function lowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

interface Databases {
  main: URL;
  visibility: URL;
}

async function makeDatabases(options: ProductionTemporalOptions): Promise<Databases> {
  const { adminUrl, databasePrefix, programs } = options;
  const make = async (name: string, schema: string) => {
    const url = new URL(await createDatabase(adminUrl, { name: databasePrefix + name, owner: 'perdure' }));
    const tool = async (...args: string[]) => {
      const place = ['--plugin', 'postgres12', '--endpoint', url.hostname, '--port', url.port];
      const role = ['--user', url.username, '--database', url.pathname.slice(1)];
      await promisify(execFile)(programs.sqlTool, [...place, ...role, ...args], {
        env: { ...process.env, SQL_PASSWORD: decodeURIComponent(url.password) },
      });
    };
    await tool('setup-schema', '--version', '0.0');
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
    return url;
  };
  return {
    main: await make('temporal', 'temporal'),
    visibility: await make('temporal_visibility', 'visibility'),
  };
}

function configOf(
  parts: ProductionTemporalOptions & {
    databases: Databases;
    ports: number[];
    frontend: number;
    dynamicFile: string;
  },
): object {
  const { databases, ports, frontend } = parts;
  const store = (url: URL) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: url.pathname.slice(1),
      connectAddr: url.host,
      connectProtocol: 'tcp',
      user: url.username,
      password: decodeURIComponent(url.password),
      maxConns: 20,
      maxIdleConns: 20,
      maxConnLifetime: '1h',
    },
  });
  const rpc = (index: number) => ({
    rpc: {
      grpcPort: index === 0 ? frontend : ports[2 * index],
      membershipPort: ports[2 * index + 1],
      bindOnLocalHost: true,
    },
  });
  return {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: parts.historyShards,
      datastores: { main: store(databases.main), visibility: store(databases.visibility) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(services.map((service, index) => [service, rpc(index)])),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: parts.dynamicFile, pollInterval: '60s' },
  };
}

/** Waits for the server and makes the namespace, as deploy/temporal/namespace.sh does. */
async function makeNamespace(server: TetheredProcess, address: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (let made = false; ;) {
    if (server.exit) throw new Error(`Temporal ended while starting:\n${server.lastLines().join('\n')}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 2_000 });
      try {
        if (!made) {
          await connection.workflowService.registerNamespace({
            namespace,
            workflowExecutionRetentionPeriod: retention,
          });
        }
        made = true;
        // Its services learn of it one after the other.
        await connection.withDeadline(Date.now() + 5_000, () =>
          connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 }),
        );
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(500);
    }
  }
}
