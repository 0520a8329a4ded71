import type { Context } from 'koa';
import { Readable } from 'node:stream';
import type { Reply } from '../route.ts';

/** One server-sent event. A comment (null) keeps proxies from closing a silent connection. */
export interface ServerEvent {
  id: number;
  event: string;
  data: unknown;
}

/** Between two signs of life, so that proxies and clients don't take the connection for dead. */
export const heartbeatMilliseconds = 15_000;

/** The revision up to which a caller that reconnects has heard; 0 for a new one, or for what is no number. */
export function lastEventId(ctx: Context): number {
  const id = Number(ctx.get('Last-Event-ID') || ctx.query['last_event_id']);
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}

/** A stream of server-sent events (WHATWG HTML §9.2). It ends when the events do. */
export function eventStream(events: AsyncIterable<ServerEvent | null>): Reply {
  return {
    status: 200,
    headers: { 'X-Accel-Buffering': 'no' },
    stream: { mediaType: 'text/event-stream', content: Readable.from(lines(events), { objectMode: false }) },
  };
}

async function* lines(events: AsyncIterable<ServerEvent | null>): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  for await (const one of events) {
    yield one === null
      ? ': still here\n\n'
      : `id: ${one.id}\nevent: ${one.event}\ndata: ${JSON.stringify(one.data)}\n\n`;
  }
}
