import type { Context } from 'koa';
import type { Route } from './route.ts';

/** Lets a page of an origin that the route names read the answer, errors as well (Fetch standard, CORS protocol). */
export function allowOrigin(route: Route, ctx: Context): boolean {
  if (!route.crossOrigins?.length) return false;
  ctx.vary('Origin');
  const origin = ctx.get('Origin');
  if (!route.crossOrigins.includes(origin)) return false;
  ctx.set('Access-Control-Allow-Origin', origin);
  return true;
}

/**
 * Answers a browser that asks whether a page may call the route. `Authorization-Extras` is what the Temporal Web UI sends
 * beside the access token of its user. Cookies are not allowed: no credential of ours is one.
 */
export function answerPreflight(route: Route, ctx: Context): void {
  const method = route.method.toUpperCase();
  ctx.set('Allow', `${method}, OPTIONS`);
  ctx.status = 204;
  if (!allowOrigin(route, ctx)) return;
  ctx.set('Access-Control-Allow-Methods', method);
  ctx.set(
    'Access-Control-Allow-Headers',
    'Authorization, Authorization-Extras, Content-Type, Idempotency-Key, Last-Event-ID, X-Namespace',
  );
  ctx.set('Access-Control-Max-Age', '600');
}
