import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that went through. */
export interface CountedCall {
  method: string;
  path: string;
  /** Its `Idempotency-Key`. */
  key: string | null;
  body: string;
  /** What it was answered; null while it is not. */
  status: number | null;
}

/** Stands before a vendor's HTTP API, forwards what comes, and keeps what it was. */
export interface CountingProxy {
  url: string;
  calls: CountedCall[];
  close(): Promise<void>;
}

/** @param target `http://host:port` of the vendor */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const calls: CountedCall[] = [];
  const server = createServer((request, response) => {
    forward(target, calls, request, response).catch(() => response.destroy());
  });
  // So that a test whose preparation fails cannot keep the run alive.
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function forward(
  target: string,
  calls: CountedCall[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  const { method = '', url = '/', headers } = request;
  const key = headers['idempotency-key'];
  const call: CountedCall = {
    method,
    path: url,
    key: typeof key === 'string' ? key : null,
    body: body.toString(),
    status: null,
  };
  calls.push(call);
  const { connection: _, host: __, ...passed } = headers;
  const onward = send(new URL(url, target), { method, headers: passed });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    onward.on('response', resolve);
    onward.on('error', reject);
    onward.end(body);
  });
  call.status = answer.statusCode ?? null;
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(response);
}
