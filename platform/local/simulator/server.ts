import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEffect, type Fault, type Faults } from './faults.ts';

export interface VendorRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface VendorAnswer {
  status: number;
  /** JSON, or the bytes of a file, whose type is in the headers. */
  body: unknown;
  headers?: Record<string, string>;
  /** What befalls it on its way back, because of what was asked for. */
  fault?: Fault;
}

export interface VendorServerOptions {
  /** 0 or none: a free one. On the local host only. */
  port?: number;
  faults: Faults;
  /** Does the work. When it settles, what it did is kept. */
  handle: (request: VendorRequest) => Promise<VendorAnswer>;
  /** Turns a failure of the fault's into the vendor's words. */
  errorBody: (status: number) => unknown;
}

export interface VendorServer {
  url: string;
  port: number;
  stop(): Promise<void>;
}

const largestBody = 1_048_576;

/** A vendor's API on this machine, which can hang, break off, be late and lie as real ones do. */
export async function startVendorServer(options: VendorServerOptions): Promise<VendorServer> {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const work = serve(options, request, response, stopping.signal).catch((error: unknown) => {
      if (stopping.signal.aborted || response.destroyed) return;
      // A bug of the simulator is told to whoever runs into it.
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`The simulator failed: ${error instanceof Error ? error.stack : String(error)}`);
    });
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(underWay);
    },
  };
}

async function serve(
  { faults, handle, errorBody }: VendorServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://vendor');
  const method = request.method ?? 'GET';
  const body = await read(request);
  const isControl = url.pathname.startsWith('/_control') || url.pathname === '/healthz';
  const before = isControl ? null : faults.take(method, url.pathname);
  if (before && !hasEffect(before.kind)) return await befall(before, null, response, errorBody, signal);
  const { pathname: path, searchParams: query } = url;
  const answer = await handle({ method, path, query, headers: request.headers, body });
  const after = before ?? answer.fault ?? null;
  if (after) await befall(after, answer, response, errorBody, signal);
  else send(response, answer);
}

async function befall(
  { kind, status, milliseconds }: Fault,
  answer: VendorAnswer | null,
  response: ServerResponse,
  errorBody: (status: number) => unknown,
  signal: AbortSignal,
): Promise<void> {
  if (kind === 'refuse' || kind === 'lose') response.socket?.resetAndDestroy();
  // It is left open: whoever waits, or the end of the simulator, closes it.
  if (kind === 'hang' || kind === 'mute') return;
  if (kind === 'error' || kind === 'error_after') {
    const headers = status === 429 ? { 'retry-after': '1' } : undefined;
    send(response, { status, body: errorBody(status), ...(headers ? { headers } : {}) });
  }
  if (kind === 'late' && answer) {
    await pause(milliseconds, undefined, { signal });
    if (!response.destroyed) send(response, answer);
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: VendorAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body instanceof Uint8Array ? body : JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new Error('The body is larger than any that the API has.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
