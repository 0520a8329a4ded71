import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startTethered } from '../../platform/local/process.ts';
import { freePort } from '../../platform/ports.ts';
import type { Part } from './part.ts';
import { compared, measureSpeeds } from './with-and-without.ts';

/** What a Redis gains, which then has the rate limits and the cached answers in place of PostgreSQL's unlogged tables. */
export const redis: Part = {
  name: 'redis',
  about:
    'reads, searches, commands and a batch with a Redis, against without (needs redis-server on the PATH)',
  async run(stage, { full }) {
    const port = await freePort();
    const server = await startTethered({
      name: 'Redis',
      command: 'redis-server',
      args: ['--save', '', '--appendonly', 'no', '--port', String(port), '--bind', '127.0.0.1'],
      cwd: stage.folder,
    });
    try {
      while (!(await accepts(port))) {
        if (server.exit) throw new Error(`Redis ended:\n${server.lastLines().join('\n')}`);
        await pause(20);
      }
      const without = await stage.withSettings({}, () => measureSpeeds(stage, full));
      const settings = { REDIS_URL: `redis://127.0.0.1:${port}` };
      const withRedis = await stage.withSettings(settings, () => measureSpeeds(stage, full));
      return compared('Redis', without, withRedis);
    } finally {
      await server.stop();
    }
  },
};

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
