import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const lowest = 12_000;
const highest = 32_000;

/** A port on which nothing listens now. Another process may take it at any moment: use it soon, and try again when it's gone. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const [port] = await freePorts(1, host);
  if (port === undefined) throw new Error('No free port was found.');
  return port;
}

/**
 * Several free ports, all different. They are below those that Linux (from 32768 on) and others (49152) give to connections
 * and to listeners on port 0: nobody gets one of them by chance, not even while whoever listens on it is being started again.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers = new Map<number, Server>();
  try {
    // All are held until the last is found, or the same could be found twice.
    for (let tries = 0; servers.size < count; tries += 1) {
      if (tries === 1_000) throw new Error('No free port was found.');
      const port = randomInt(lowest, highest);
      const server = await tryToListen(port, host);
      if (server) servers.set(port, server);
    }
    return [...servers.keys()];
  } finally {
    await Promise.all([...servers.values()].map(close));
  }
}

/** Whether this port can be listened on now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = await tryToListen(port, host);
  if (server) await close(server);
  return server !== null;
}

/** Null where somebody else listens, or may alone. */
async function tryToListen(port: number, host: string): Promise<Server | null> {
  try {
    return await listen(port, host);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EACCES') return null;
    throw error;
  }
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
