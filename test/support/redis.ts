import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:net';
import { freePort } from '../../platform/ports.ts';
import { startTethered, type TetheredProcess } from '../../platform/local/process.ts';
import { findProgram } from './programs.ts';
import { closeAfterRun, oncePerRun, runFolder } from './run.ts';
import { until } from './until.ts';

export interface LocalRedis {
  url: string;
  process: TetheredProcess;
  stop(): Promise<void>;
}

/** The `redis-server` of this machine: `REDIS_SERVER_PATH`, else by the PATH. Undefined where there is none. */
export function findRedis(): string | undefined {
  return findProgram('redis-server', 'REDIS_SERVER_PATH');
}

/** The memory and the policy of the deployed one, without its password. */
const usual = [
  '--save',
  '',
  '--appendonly',
  'no',
  '--maxmemory',
  '192mb',
  '--maxmemory-policy',
  'allkeys-lru',
];

/** Starts a Redis that keeps nothing on disk. Its owner stops it. */
export async function startRedis(
  program: string,
  wanted: { port?: number; args?: readonly string[] } = {},
): Promise<LocalRedis> {
  const port = wanted.port ?? (await freePort());
  const folder = await mkdtemp(join(await runFolder(), 'redis-'));
  const child = await startTethered({
    name: 'redis',
    command: program,
    args: [...(wanted.args ?? usual), '--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
  });
  try {
    await until(async () => {
      if (child.exit) throw new Error(`Redis ended:\n${child.lastLines().join('\n')}`);
      return await listens(port);
    });
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, process: child, stop: async () => void (await child.stop()) };
}

/** One Redis for the run, or undefined. Tests keep apart by the ids of their tenants. */
export const sharedRedis = oncePerRun(async () => {
  const program = findRedis();
  if (program === undefined) return undefined;
  const redis = await startRedis(program);
  closeAfterRun(() => redis.stop());
  return redis;
});

function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
