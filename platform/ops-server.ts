import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** One part a process needs, and how to find out whether it answers. */
export type ReadinessChecks = Record<string, () => Promise<void>>;

export interface Readiness {
  ready: boolean;
  parts: Record<string, 'up' | 'down'>;
}

const checkMilliseconds = 2_000;

/**
 * Asks every part; one that fails or does not answer in time is down. Tells names only, never why. What the process can
 * do its work without is asked too, and does not make it unready.
 */
export async function checkReadiness(
  needed: ReadinessChecks,
  useful: ReadinessChecks = {},
): Promise<Readiness> {
  const parts = await Promise.all(
    Object.entries({ ...needed, ...useful }).map(async ([name, check]) => {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error('no answer')), checkMilliseconds);
      const up = await Promise.race([check(), late]).then(
        () => true,
        () => false,
      );
      clearTimeout(timer);
      return [name, up ? 'up' : 'down'] as const;
    }),
  );
  const ready = parts.every(([name, state]) => state === 'up' || !(name in needed));
  return { ready, parts: Object.fromEntries(parts) };
}

export interface OpsServer {
  port: number;
  close(): Promise<void>;
}

/** What `/metrics` shows. */
export type Figures = Pick<Registry, 'contentType' | 'metrics'>;

/** Answers `/healthz`, `/ready` and `/metrics` for a process that serves nothing else. */
export async function startOpsServer(
  listen: { host: string; port: number },
  figures: Figures,
  checks: ReadinessChecks,
): Promise<OpsServer> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', figures, checks)
      .catch(() => ({ status: 500, type: 'application/json', body: '{"status":"failed"}' }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

async function answer(
  url: string,
  figures: Figures,
  checks: ReadinessChecks,
): Promise<{ status: number; type: string; body: string }> {
  const json = (status: number, value: unknown) => ({
    status,
    type: 'application/json',
    body: JSON.stringify(value),
  });
  switch (url.split('?')[0]) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/ready': {
      const readiness = await checkReadiness(checks);
      return json(readiness.ready ? 200 : 503, readiness);
    }
    case '/metrics':
      return { status: 200, type: figures.contentType, body: await figures.metrics() };
    default:
      return json(404, { status: 'not found' });
  }
}

/**
 * Takes no new connections, lets requests in flight finish, and ends connections that only idle. Whatever is still open
 * after the grace is broken off, so that a slow client cannot keep a process alive.
 */
export async function closeServer(server: Server, graceMilliseconds = 2_000): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that was busy at first is idle, not closed, after its request.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const late = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
