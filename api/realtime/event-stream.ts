import type { Context } from 'koa';
import { Readable } from 'node:stream';
import type { Reply } from '../route.ts';

/** One event of a stream. Null in its place is a sign of life, which keeps proxies from closing a silent connection. */
export interface ServerEvent {
  /** Its place in the stream: whoever reconnects names the last one heard. */
  id: number;
  event: string;
  data: unknown;
}

/** Between two signs of life, so that proxies and clients don't take the connection for dead. */
export const heartbeatMilliseconds = 15_000;

/** The revision up to which a caller that reconnects has heard; 0 for a new one, or for what is no number. */
export function lastEventId(ctx: Context): number {
  return resumePoint(ctx) ?? 0;
}

/** The same, where a new caller and one that has heard nothing yet are two things: null, and a number that is none's. */
export function resumePoint(ctx: Context): number | null {
  const text = ctx.get('Last-Event-ID') || ctx.query['last_event_id'];
  if (text === undefined || text === '') return null;
  const id = Number(text);
  return Number.isSafeInteger(id) && id >= 0 ? id : null;
}

/** A stream of server-sent events (WHATWG HTML §9.2). It ends when the events do. */
export function eventStream(events: AsyncIterable<ServerEvent | null>): Reply {
  return {
    status: 200,
    headers: { 'X-Accel-Buffering': 'no' },
    stream: { mediaType: 'text/event-stream', content: Readable.from(lines(events), { objectMode: false }) },
  };
}

/** When a process ends, its callers come back one after the other. */
function retryMilliseconds(): number {
  return 1_000 + Math.floor(Math.random() * 2_000);
}

async function* lines(events: AsyncIterable<ServerEvent | null>): AsyncGenerator<string> {
  yield `retry: ${retryMilliseconds()}\n\n`;
  for await (const one of events) {
    yield one === null
      ? ': still here\n\n'
      : `id: ${one.id}\nevent: ${one.event}\ndata: ${JSON.stringify(one.data)}\n\n`;
  }
}
