import { fileURLToPath } from 'node:url';
import { startTethered, type TetheredProcess } from '../../platform/local/process.ts';
import { until } from './until.ts';

const main = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));

/** The workers of the search domain as a process of their own, which may end at any moment. */
export async function spawnWorkerProcess(
  env: Record<string, string>,
  onLine: (line: string) => void = () => undefined,
): Promise<TetheredProcess> {
  return await startTethered({
    name: 'worker',
    command: process.execPath,
    args: [main, '--domains', 'search'],
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'info', ...env },
    onLine,
  });
}

/** The same, which can be killed. Returns once they are at work. */
export async function startWorkerProcess(env: Record<string, string>): Promise<TetheredProcess> {
  let running = false;
  const child = await spawnWorkerProcess(env, (line) => {
    running ||= line.includes('workers are running');
  });
  try {
    await until(() => {
      if (child.exit) throw new Error(`The worker ended:\n${child.lastLines().join('\n')}`);
      return running;
    }, 60_000);
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}
