import type { Context } from 'koa';
import type { LingeringConnections } from '../platform/http/lingering-close.ts';

/**
 * Sees to connections whose request is answered before its body is whole, as most refusals are: what of the body is still to
 * come must not be taken for the next request, and its sender is to get the answer.
 */
export function closeAfterEarlyAnswers(
  lingering: LingeringConnections,
): (ctx: Context, next: () => Promise<unknown>) => Promise<void> {
  return async (ctx, next) => {
    const { req } = ctx;
    if (lingering.has(req.socket)) {
      // It comes behind the body of a request whose answer has said that it is the last one (RFC 9112 §9.6).
      ctx.respond = false;
      return;
    }
    await next();
    if (!req.complete) {
      ctx.set('Connection', 'close');
      lingering.closeAfterAnswer(req);
    } else if (req.readableDidRead && !req.readableEnded) {
      // All of it has come, and nobody wants the rest: it would stand in the way of the next request.
      req.resume();
    }
  };
}
