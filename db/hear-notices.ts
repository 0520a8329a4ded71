import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** Before a connection that has ended is opened again. */
const againMilliseconds = 1_000;

export interface Hearing {
  url: string;
  channel: string;
  applicationName: string;
  stop: AbortSignal;
  /** It hears now: what was told before that, it has missed. */
  onListening: () => void;
  /** Gets what a notice says. */
  onNotice: (payload: string) => void;
  /** What is committed while nobody listens is not told: whoever hears sweeps as well. */
  onProblem: (error: unknown) => void;
}

/** Hears the notices of a channel of PostgreSQL until it is stopped, and connects anew when a connection has ended. */
export async function hearNotices(hearing: Hearing): Promise<void> {
  const { stop, onProblem } = hearing;
  while (!stop.aborted) {
    try {
      await hearUntilTheEnd(hearing);
    } catch (error) {
      onProblem(error);
    }
    // Stopping ends the pause.
    await delay(againMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** @throws when the database can't be reached */
async function hearUntilTheEnd({
  url,
  channel,
  applicationName,
  stop,
  onListening,
  onNotice,
}: Hearing): Promise<void> {
  const client = new Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: applicationName,
  });
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  client.on('error', () => end());
  client.on('end', () => end());
  client.on('notification', ({ payload }) => onNotice(payload ?? ''));
  const stopped = () => end();
  stop.addEventListener('abort', stopped, { once: true });
  try {
    await client.connect();
    await client.query(`listen ${channel}`);
    onListening();
    if (!stop.aborted) await over;
  } finally {
    stop.removeEventListener('abort', stopped);
    // A server that is gone without a word never confirms the end.
    await Promise.race([client.end().catch(() => undefined), delay(1_000, undefined, { ref: false })]);
  }
}
