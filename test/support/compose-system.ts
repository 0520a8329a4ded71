import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../platform/ports.ts';
import { runNodeProgram, startNodeProgram, type NodeProgram } from '../../platform/local/node-program.ts';
import { dropDatabase } from '../../platform/local/postgres-databases.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
import { compileCache } from './compile-cache.ts';
import { ownServices, readCompose, readText, root, type ComposeFile } from './compose-file.ts';
import { postgres } from './database.ts';
import { startGateway } from './gateway.ts';
import { routersOf } from './gateway-rules.ts';
import { startMailbox, type TestMailbox } from './mailbox.ts';
import { runFolder } from './run.ts';
import { findNginx, startNginx } from './nginx.ts';
import { findRedis, startRedis } from './redis.ts';
import { findSeaweedfs, startSeaweedfs } from './seaweedfs.ts';
import { temporalServer } from './temporal.ts';
import { testEncryptionKeys } from './encryption.ts';

export interface ComposeSystem {
  compose: ComposeFile;
  /** How callers reach the gateway. */
  url: string;
  mailbox: TestMailbox;
  /** Whether there is an object storage. */
  stores: boolean;
  /** Whether there is a Redis. */
  caches: boolean;
  /** Where a service of ours answers, by its name in the compose file. */
  urlOf(service: string): string;
  close(): Promise<void>;
}

const secrets = {
  POSTGRES_PASSWORD: 'superuser-for-tests',
  PERDURE_DB_PASSWORD: 'perdure-for-tests',
  TEMPORAL_DB_PASSWORD: 'temporal-for-tests',
  REDIS_PASSWORD: 'redis-for-tests',
  S3_ACCESS_KEY_ID: 'perdure-test',
  S3_SECRET_ACCESS_KEY: 'not-a-secret-only-for-tests',
  GRAFANA_PASSWORD: 'grafana-for-tests',
  ENCRYPTION_KEYS: testEncryptionKeys,
};

/** So many start together. */
const servicesAtOnce = 4;

/**
 * Starts every service of ours as docker-compose.yml says, without Docker: its command, its environment on top of the
 * image's, and nothing else but where compiled code is kept. Host names lead to the real parts of the run, ports to free ones; the databases are made by
 * the script of the postgres service.
 */
export async function startComposeSystem(): Promise<ComposeSystem> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return await start(ends, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(ends: (() => Promise<unknown>)[], close: () => Promise<void>): Promise<ComposeSystem> {
  const routers = routersOf(readCompose(secrets));
  const ports = new Map<string, number>();
  const gatewayPort = await freePort();
  const url = `http://127.0.0.1:${gatewayPort}`;
  const compose = readCompose({ ...secrets, PUBLIC_URL: url });

  const suffix = randomBytes(4).toString('hex');
  const server = await postgres();
  ends.push(() => dropDatabases(server.adminUrl, suffix));
  await initDatabases(server.adminUrl, suffix);
  const mailbox = await startMailbox();
  ends.push(() => mailbox.close());
  const program = await findSeaweedfs();
  const s3 = program === undefined ? undefined : await startSeaweedfs(program);
  if (s3) ends.push(() => s3.stop());
  const storageUrl = s3?.options.endpoint ?? 'http://127.0.0.1:1';
  ports.set('s3', Number(new URL(storageUrl).port));
  const redisProgram = findRedis();
  const redisArguments = compose.services['redis']?.command?.slice(1) ?? [];
  const redis = redisProgram ? await startRedis(redisProgram, { args: redisArguments }) : undefined;
  if (redis) ends.push(() => redis.stop());
  const temporal = await temporalServer();

  const places: [inCompose: string, here: string][] = [
    ['postgres://perdure:', `postgres://perdure_${suffix}:`],
    ['@postgres:5432/perdure', `@127.0.0.1:${new URL(server.url).port}/perdure_${suffix}`],
    ['@redis:6379', `@127.0.0.1:${redis ? new URL(redis.url).port : 1}`],
    ['temporal:7233', temporal.address],
    ['http://s3:8333', storageUrl],
    ['smtp://mail:1025', mailbox.url],
    // Nobody listens there: processes do their work without a backend for traces.
    ['http://jaeger:4318', 'http://127.0.0.1:1'],
  ];
  const environmentOf = (given: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries({ ...imageEnvironment(), ...given }).map(([name, value]) => [
        name,
        places.reduce((text, [inCompose, here]) => text.replace(inCompose, here), value),
      ]),
    );

  const bundle = join(await runFolder(), `workflows-${suffix}.js`);
  const programOf = (name: string, command: readonly string[], env: NodeJS.ProcessEnv) => {
    const [node, script = '', ...args] = command;
    if (node !== 'node') throw new Error(`${name} is not run by node`);
    const whole = { ...compileCache, ...env };
    return { name, script: join(root, script), args, env: whole, cwd: root } satisfies Omit<
      NodeProgram,
      'readyUrl'
    >;
  };
  const signal = new AbortController().signal;
  const [, bundling = ''] = /^RUN (node workers\/build-bundle\.ts) /m.exec(readText('Dockerfile')) ?? [];
  await runNodeProgram(
    programOf('bundle', [...bundling.split(' '), bundle], { NODE_ENV: 'production' }),
    signal,
  );

  const all = ownServices(compose).map(([name, { command = [], environment }]) => {
    const env = { ...environmentOf(environment), WORKFLOW_BUNDLE: bundle };
    return { name, program: programOf(name, command, env) };
  });
  for (const { name, program: migration } of all) {
    if (name === 'migrate') await runNodeProgram(migration, signal);
  }
  const services = all.filter(({ name }) => name !== 'migrate');
  const running: TetheredProcess[] = [];
  ends.push(() => Promise.all(running.map((program) => program.stop())));
  const started: PromiseSettledResult<void>[] = [];
  // Not all at once: on a busy machine each would take longer to start than a program may.
  for (let from = 0; from < services.length; from += servicesAtOnce) {
    started.push(
      ...(await Promise.allSettled(
        services.slice(from, from + servicesAtOnce).map(async ({ name, program: service }) => {
          const port = await freePort();
          const env = { ...service.env, HOST: '127.0.0.1', PORT: String(port), METRICS_PORT: String(port) };
          const program = await startNodeProgram(
            { ...service, env, readyUrl: `http://127.0.0.1:${port}/ready` },
            signal,
          );
          running.push(program);
          ports.set(name, port);
        }),
      )),
    );
  }
  const failed = started.filter((one) => one.status === 'rejected');
  if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason as unknown));
  const nginx = findNginx();
  const portOf = (service: string) => ports.get(service);
  const gateway = nginx
    ? await startNginx(nginx, routers, portOf, gatewayPort)
    : await startGateway(routers, portOf, gatewayPort);
  ends.push(() => gateway.close());
  return {
    compose,
    url,
    mailbox,
    stores: s3 !== undefined,
    caches: redis !== undefined,
    urlOf: (service) => `http://127.0.0.1:${ports.get(service)}`,
    close,
  };
}

/** The settings that the image brings. */
export function imageEnvironment(): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(readText('Dockerfile')) ?? [];
  return Object.fromEntries(
    block
      .split(/\s*\\\n\s*/)
      .map((pair) => pair.split('='))
      .map(([name = '', value = '']) => [name, value]),
  );
}

const made = /\b(perdure|temporal|temporal_visibility)\b(?!')/g;

/** Does what deploy/postgres/init.sh does through psql, under names of this run's own. */
async function initDatabases(adminUrl: string, suffix: string): Promise<void> {
  const script = readFileSync(join(root, 'deploy/postgres/init.sh'), 'utf8');
  const [, sql = ''] = /<<'SQL'\n([\s\S]*)^SQL$/m.exec(script) ?? [];
  const variables = new Map<string, string>();
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    for (const line of sql.split('\n').filter(Boolean)) {
      const [, variable, name] = /^\\getenv (\w+) (\w+)$/.exec(line) ?? [];
      if (variable && name) variables.set(variable, secrets[name as keyof typeof secrets]);
      else {
        const renamed = line.replaceAll(made, `$1_${suffix}`);
        await client.query(
          renamed.replaceAll(/:'(\w+)'/g, (_, key: string) => client.escapeLiteral(variables.get(key) ?? '')),
        );
      }
    }
  } finally {
    await client.end();
  }
}

async function dropDatabases(adminUrl: string, suffix: string): Promise<void> {
  for (const name of ['perdure', 'temporal', 'temporal_visibility']) {
    await dropDatabase(adminUrl, `${name}_${suffix}`);
  }
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    for (const role of ['perdure', 'temporal']) await client.query(`drop role if exists ${role}_${suffix}`);
  } finally {
    await client.end();
  }
}
