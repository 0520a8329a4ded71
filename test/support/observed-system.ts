import { fileURLToPath } from 'node:url';
import type { Domain } from '../../domain/domains.ts';
import type { Config } from '../../platform/config.ts';
import { startTethered, type TetheredProcess } from '../../platform/local/process.ts';
import { compileCache } from './compile-cache.ts';
import { environmentOf } from './search-system.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';

export type LogLine = Record<string, unknown>;

export interface ObservedProcess {
  url: string;
  /** What it has logged so far, parsed; a line that is no JSON fails the test. */
  lines: LogLine[];
  stop(): Promise<void>;
}

/**
 * Starts the API or the workers of the search domain as a process of their own, as they are deployed, and keeps what
 * they log. Returns once it serves.
 */
export async function startObserved(
  program: 'api' | 'workers',
  config: Config,
  env: Record<string, string>,
  domains: readonly Domain[] = ['search'],
): Promise<ObservedProcess> {
  const { address, namespace } = await temporalServer();
  const lines: LogLine[] = [];
  const child = await startTethered({
    name: program,
    command: process.execPath,
    args: [
      fileURLToPath(new URL(`../../${program}/main.ts`, import.meta.url)),
      '--domains',
      domains.join(','),
    ],
    env: {
      PATH: process.env['PATH'],
      ...compileCache,
      ...environmentOf(config),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    onLine: (line, stream) => {
      if (stream === 'stdout') lines.push(JSON.parse(line) as LogLine);
    },
  });
  return { url: await addressOf(child, lines), lines, stop: async () => void (await child.stop()) };
}

/** It logs its port when it serves. */
async function addressOf(child: TetheredProcess, lines: readonly LogLine[]): Promise<string> {
  try {
    const port = await until(() => {
      if (child.exit) throw new Error(`${child.name} ended:\n${child.lastLines().join('\n')}`);
      return lines.map((line) => line['port']).find((one) => typeof one === 'number');
    }, 90_000);
    return `http://127.0.0.1:${port}`;
  } catch (error) {
    await child.stop();
    throw error;
  }
}
