import type { Context } from 'koa';
import { addAbortSignal } from 'node:stream';
import { runCommand, runLeasedCommand, type Answer, type CommandKey } from '../db/commands/command.ts';
import type { Transaction } from '../db/database.ts';
import type { AppParts } from './app-parts.ts';
import type { Reply, Request, Route } from './route.ts';
import type { Standing } from './standing.ts';

/** Has the route handle the request, once a key where it promises that, and writes the reply. */
export async function answer(
  parts: AppParts,
  route: Route,
  ctx: Context,
  request: Request<never, never, never, never>,
  command: CommandKey | null,
): Promise<void> {
  if (!route.idempotency || route.idempotency.mode === 'handler') {
    send(parts, ctx, await route.handle(request), request.standing);
    return;
  }
  const { idempotency } = route;
  const given =
    idempotency.mode === 'transaction'
      ? await runCommand(parts.database, idempotency.domain, command, async (transaction: Transaction) =>
          toAnswer(await route.handle(request, transaction)),
        )
      : await runLeasedCommand(
          parts.database,
          idempotency.domain,
          command,
          idempotency.leaseSeconds,
          async () => toAnswer(await route.handle(request)),
        );
  if (given.replayed) ctx.set('Idempotency-Replayed', 'true');
  send(parts, ctx, given.answer);
}

function toAnswer(reply: Reply): Answer {
  if (reply.stream || reply.socket)
    throw new Error('A streamed answer cannot be stored for an Idempotency-Key.');
  return reply;
}

/**
 * How long a stream of events may take to end by itself, with a last word of why, when its caller may hear no more or the
 * process ends. Its client comes back with `Last-Event-ID`.
 */
const lastWordMilliseconds = 1_000;

/** Writes a reply. JSON unless it is a stream. */
function send(parts: AppParts, ctx: Context, reply: Reply | Answer, standing: Standing | null = null): void {
  ctx.status = reply.status;
  if (reply.headers) ctx.set(reply.headers);
  if ('socket' in reply && reply.socket) {
    if (!parts.sockets || !standing) throw new Error('A WebSocket needs a caller, and a server for it.');
    parts.sockets.accept(ctx, standing, reply.socket);
    return;
  }
  if ('stream' in reply && reply.stream) {
    const { mediaType, content } = reply.stream;
    if (standing) {
      // Whoever does not take what is sent can't be told.
      const breakOff = (): void => void setTimeout(() => content.destroy(), lastWordMilliseconds).unref();
      standing.signal.addEventListener('abort', breakOff);
    } else if (parts.stopping && mediaType.startsWith('text/event-stream')) {
      addAbortSignal(parts.stopping, content);
    }
    ctx.type = mediaType;
    ctx.body = content;
  } else if (reply.body === undefined) {
    ctx.body = null;
    ctx.status = reply.status;
  } else {
    // Before the body, whose type would else be guessed.
    ctx.set('Content-Type', 'application/json; charset=utf-8');
    ctx.body = JSON.stringify(reply.body);
  }
}
