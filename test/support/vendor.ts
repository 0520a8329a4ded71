import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface VendorRequest {
  url: string;
  headers: IncomingHttpHeaders;
  at: number;
}

export interface VendorReply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** What is sent instead of a body in JSON. */
  raw?: string;
  /** Breaks the connection off instead of answering, or, with a body, behind it. */
  reset?: boolean;
}

/** A vendor's JSON API on this machine, with all that it was asked. */
export interface Vendor {
  origin: string;
  /** As it stands in the list of private hosts that may be called. */
  host: string;
  requests: VendorRequest[];
  /** Answers from now on; set it anew to change the vendor's mind. */
  reply: (request: VendorRequest, count: number) => VendorReply | Promise<VendorReply>;
  close(): Promise<void>;
}

export async function startVendor(reply: Vendor['reply'] = () => ({ status: 404 })): Promise<Vendor> {
  const server = createServer((request, response) => {
    const seen = { url: request.url ?? '', headers: request.headers, at: performance.now() };
    vendor.requests.push(seen);
    void (async () => {
      const reply = await vendor.reply(seen, vendor.requests.length);
      const { status = 200, headers = {}, body, reset } = reply;
      const { raw = body === undefined ? '' : JSON.stringify(body) } = reply;
      if (reset && raw === '') {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      if (reset) response.write(raw, () => request.socket.resetAndDestroy());
      else response.end(raw);
    })();
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const vendor: Vendor = {
    origin: `http://${host}`,
    host,
    requests: [],
    reply,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return vendor;
}
