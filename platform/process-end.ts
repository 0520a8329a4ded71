import { describeError } from './log.ts';

/**
 * Ends this process in order on SIGINT and SIGTERM, and for good when that takes longer than `seconds`: a connection to a
 * server that has gone without a word may never close. What nobody has caught ends it too, told without the data that an
 * error's message may quote; whoever supervises the process starts it anew.
 */
export function endInOrder(stop: () => Promise<void>, seconds: number): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const late = () => endAtOnce(new Error(`The process did not end within ${seconds} s.`));
      setTimeout(late, seconds * 1_000).unref();
      stop().then(() => process.exit(), endAtOnce);
    });
  }
  process.on('uncaughtException', endAtOnce);
}

/** Ends this process because of an error that leaves nothing to go on with. */
export function endAtOnce(error: unknown): never {
  const time = new Date().toISOString();
  process.stderr.write(`${JSON.stringify({ level: 'fatal', time, err: describeError(error) })}\n`);
  process.exit(1);
}
