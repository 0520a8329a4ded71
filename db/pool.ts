import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';

/**
 * Keeps a pool whole when connections die under their holders.
 *
 * A transaction of Kysely gives its connection back only after a `rollback` that succeeded. When the connection itself
 * is dead, it never does, and the pool would be short of that one for ever: after a few restarts of PostgreSQL there
 * would be none left. So a dead connection is given back here, by its end; its holder's own giving back then does nothing.
 *
 * And a connection on which nothing has moved for `silentSeconds` is broken off. The server lets no statement and no
 * pause last that long, so it is gone without a word (a lost host, a lost network), and TCP alone would wait a quarter of
 * an hour.
 */
export function keepWhole(pool: Pool, silentSeconds: number): void {
  pool.on('connect', (client) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.setTimeout(silentSeconds * 1_000, () => stream.destroy());
  });
  const connect = pool.connect.bind(pool);
  const guarded = (callback?: Parameters<typeof connect>[0]): unknown =>
    callback ? connect(callback) : connect().then(endReleases);
  pool.connect = guarded as Pool['connect'];
}

function endReleases(client: PoolClient): PoolClient {
  const release = client.release.bind(client);
  let held = true;
  const giveBack = (reason?: Error | boolean): void => {
    if (!held) return;
    held = false;
    client.off('end', onEnd);
    release(reason);
  };
  const onEnd = (): void => giveBack(true);
  client.once('end', onEnd);
  client.release = giveBack;
  return client;
}
