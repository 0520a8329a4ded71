import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { webhookHeaders } from '../../platform/crypto/webhook-signature.ts';

export interface Heard {
  id: string;
  type: string;
  status: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** A system of the organisation's own that hears of orders. It fails at first, as such systems do. */
export interface Listener {
  heard: readonly Heard[];
  close(): Promise<void>;
}

/**
 * Listens on this machine.
 *
 * @param address `host:port`
 * @param options.fails so many requests are answered with 500 before it is well
 * @param options.secret what messages are signed with, once that is known
 * @param options.onHeard told of each request, after it is answered
 */
export async function startListener(
  address: string,
  options: { fails: number; secret: () => string; onHeard: (heard: Heard) => void },
): Promise<Listener> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const id = String(request.headers['webhook-id']);
      const seconds = Number(request.headers['webhook-timestamp']);
      const signed = webhookHeaders(options.secret(), id, body, new Date(seconds * 1_000));
      const isGenuine = signed['webhook-signature'] === request.headers['webhook-signature'];
      const status = heard.length < options.fails ? 500 : isGenuine ? 200 : 401;
      const { type } = JSON.parse(body) as { type: string };
      const one = { id, type, status, at: Date.now() };
      heard.push(one);
      response.writeHead(status).end();
      options.onHeard(one);
    });
  });
  const [host, port] = address.split(':');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), host, resolve);
  });
  return {
    heard,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
