import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Router } from './gateway-rules.ts';

export interface Gateway {
  port: number;
  close(): Promise<void>;
}

/**
 * Stands in for Traefik, where there is no other proxy: forwards by the same rules and tells the same of the caller. `portOf`
 * says where a service listens here.
 */
export async function startGateway(
  routers: readonly Router[],
  portOf: (service: string) => number | undefined,
  port: number,
): Promise<Gateway> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://gateway').pathname;
    const router = routers.find(({ matches }) => matches(path));
    const to = router && portOf(router.service);
    if (to === undefined) response.writeHead(404).end('404 page not found\n');
    else forward(request, response, to);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const path = new URL(request.url ?? '/', 'http://gateway').pathname;
    const router = routers.find(({ matches }) => matches(path));
    const to = router && portOf(router.service);
    if (to === undefined) socket.destroy();
    else pass(request, socket, head, to);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Passes a request to upgrade on, and all that follows in both directions. */
function pass(
  { method, url, rawHeaders }: IncomingMessage,
  socket: Socket,
  head: Buffer,
  port: number,
): void {
  const onward = connect(port, '127.0.0.1', () => {
    const lines = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [`${name}: ${rawHeaders[at + 1]}`]));
    onward.write(`${[`${method} ${url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
  });
  for (const [end, other] of [
    [socket, onward],
    [onward, socket],
  ] as const) {
    end.on('error', () => other.destroy());
    end.on('close', () => other.destroy());
  }
}

function forward(request: IncomingMessage, response: ServerResponse, port: number): void {
  const host = request.headers.host ?? '';
  const { connection: _, ...headers } = request.headers;
  const onward = send({
    host: '127.0.0.1',
    port,
    method: request.method,
    path: request.url,
    headers: {
      ...headers,
      'x-forwarded-for': request.socket.remoteAddress,
      'x-forwarded-host': host,
      'x-forwarded-port': host.split(':')[1] ?? '80',
      'x-forwarded-proto': 'http',
      'x-forwarded-server': 'gateway',
      'x-real-ip': request.socket.remoteAddress,
    },
  });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end('Bad Gateway');
  });
  request.pipe(onward);
}
