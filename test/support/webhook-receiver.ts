import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ReceivedWebhook {
  /** The path that it came to. */
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A status, a whole answer, or none: it hangs, or the connection is reset. */
export type ReceiverAnswer =
  | number
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hang'
  | 'reset';

export interface WebhookReceiver {
  /** `host:port`, for `OUTBOUND_ALLOW_PRIVATE`. */
  address: string;
  url: string;
  received: ReceivedWebhook[];
  /** What the next requests are answered with; 204 when it is empty. */
  answers: ReceiverAnswer[];
  /** Answers in place of `answers`, where it gives something. */
  reply: (webhook: ReceivedWebhook) => ReceiverAnswer | undefined | Promise<ReceiverAnswer | undefined>;
  /** What came to a path. */
  at(path: string): ReceivedWebhook[];
  close(): Promise<void>;
}

/** A receiver of webhooks on this machine. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const answers: ReceiverAnswer[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      const webhook = {
        path: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: body.toString(),
      };
      received.push(webhook);
      send(response, (await receiver.reply(webhook)) ?? answers.shift() ?? 204);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: WebhookReceiver = {
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answers,
    reply: () => undefined,
    at: (path) => received.filter((webhook) => webhook.path === path),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

function send(response: ServerResponse, answer: ReceiverAnswer): void {
  if (answer === 'hang') return;
  if (answer === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const { status, headers = {}, body } = typeof answer === 'number' ? { status: answer } : answer;
  response.writeHead(status, headers).end(body);
}
