import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createDatabase } from '../../platform/local/postgres-databases.ts';
import { startTethered, type TetheredProcess } from '../../platform/local/process.ts';
import { root, type Stage } from './stage.ts';

/** Runs work while the bare Koa routes serve. */
export async function withBareKoa<T>(
  stage: Stage,
  work: (url: string, server: TetheredProcess) => Promise<T>,
): Promise<T> {
  const database = await createDatabase(stage.postgres.adminUrl, {
    name: `koa_${randomBytes(4).toString('hex')}`,
    owner: 'perdure',
  });
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  const server = await startTethered({
    name: 'bare Koa',
    command: process.execPath,
    args: [join(root, 'bench/rivals/bare-koa.mjs'), database],
    onLine: resolve,
  });
  try {
    const ended = server.exited.then(() => {
      throw new Error(`Bare Koa ended:\n${server.lastLines().join('\n')}`);
    });
    return await work(await Promise.race([listening, ended]), server);
  } finally {
    await server.stop();
  }
}
