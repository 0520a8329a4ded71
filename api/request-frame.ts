import type { Context } from 'koa';
import { randomBytes } from 'node:crypto';
import type { AppParts } from './app-parts.ts';
import { toProblem } from './errors.ts';
import type { Principal } from './principal.ts';
import type { Route } from './route.ts';

/** What is known of a request while it is served. */
export interface RequestState {
  traceId: string;
  route: Route | null;
  principal: Principal | null;
}

export function stateOf(ctx: Context): RequestState {
  return ctx.state as RequestState;
}

/** What surrounds every request: its trace, the headers of every answer, errors as problems, the log and the figures. */
export async function frameRequest(
  parts: AppParts,
  ctx: Context,
  next: () => Promise<unknown>,
): Promise<void> {
  const started = performance.now();
  const state: RequestState = Object.assign(stateOf(ctx), {
    traceId: traceIdOf(ctx),
    route: null,
    principal: null,
  });
  ctx.set('X-Trace-Id', state.traceId);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Cache-Control', 'no-store');
  try {
    await next();
  } catch (error) {
    const { status, problem, headers } = toProblem(error, state.traceId);
    ctx.status = status;
    ctx.set(headers);
    if (status === 401) ctx.set('WWW-Authenticate', 'Bearer');
    ctx.body = JSON.stringify(problem);
    ctx.type = 'application/problem+json';
    if (status >= 500)
      parts.log.error({ err: error, trace_id: state.traceId, route: state.route?.path }, 'request failed');
  }
  const seconds = (performance.now() - started) / 1_000;
  parts.onAnswer?.(state.route, ctx.status, seconds);
  parts.log.info(
    {
      trace_id: state.traceId,
      method: ctx.method,
      route: state.route?.path ?? null,
      status: ctx.status,
      ms: Math.round(seconds * 1_000),
      tenant_id: state.principal?.tenantId,
    },
    'request',
  );
}

/** The trace of the caller's W3C `traceparent`, or a new one. */
function traceIdOf(ctx: Context): string {
  const given = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(
    ctx.get('traceparent'),
  );
  return given?.[1] ?? randomBytes(16).toString('hex');
}
