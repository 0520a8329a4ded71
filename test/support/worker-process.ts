import { fileURLToPath } from 'node:url';
import type { Domain } from '../../domain/domains.ts';
import { startTethered, type TetheredProcess } from '../../platform/local/process.ts';
import { compileCache } from './compile-cache.ts';
import { until } from './until.ts';

const main = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));

/** The workers of some domains (search without `domains`) as a process of their own, which may end at any moment. */
export async function spawnWorkerProcess(
  env: Record<string, string>,
  onLine: (line: string) => void = () => undefined,
  domains: readonly Domain[] = ['search'],
): Promise<TetheredProcess> {
  return await startTethered({
    name: 'worker',
    command: process.execPath,
    args: [main, '--domains', domains.join(',')],
    // Other tests are at work on the machine: it does not stand back behind them.
    env: { PATH: process.env['PATH'], ...compileCache, LOG_LEVEL: 'info', WORKER_NICENESS: '0', ...env },
    onLine,
  });
}

/** The same, which can be killed. Returns once they are at work. */
export async function startWorkerProcess(
  env: Record<string, string>,
  domains?: readonly Domain[],
): Promise<TetheredProcess> {
  let running = false;
  const child = await spawnWorkerProcess(
    env,
    (line) => {
      running ||= line.includes('workers are running');
    },
    domains,
  );
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
