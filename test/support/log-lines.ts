import { createLogger, type Logger } from '../../platform/log.ts';

/** The product's own logger, and the lines it has written. */
export function keptLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { log: createLogger('test', 'info', { write }), lines };
}
