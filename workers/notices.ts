import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/**
 * Hears the notices of a channel of PostgreSQL until the connection ends, or it is stopped.
 *
 * @param onListening is told when it hears: what was told before that, it has missed
 * @param onNotice gets what the notice says
 * @throws when the database can't be reached
 */
export async function hearNotices(parts: {
  url: string;
  channel: string;
  applicationName: string;
  stop: AbortSignal;
  onListening: () => void;
  onNotice: (payload: string) => void;
}): Promise<void> {
  const { url, channel, applicationName, stop, onListening, onNotice } = parts;
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
