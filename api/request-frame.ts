import type { Span } from '@opentelemetry/api';
import type { Context } from 'koa';
import { withLogFacts } from '../platform/log-context.ts';
import { randomHex } from '../platform/uuid.ts';
import { inSpan, markFailed, parseTraceparent } from '../platform/telemetry/span.ts';
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

/**
 * Of every answer. What it holds is data: it is not kept, not guessed at, and nothing in it runs, should a browser be
 * brought to show it. The pages that we serve have policies of their own.
 */
const safeHeaders = new Map([
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
]);

/** RFC 6797, for two years. Not for subdomains, which are not ours to speak for. */
const stayWithHttps = 'max-age=63072000';

/** Probes and scrapers: a trace of each would be all that there is to see. */
const untraced = new Set(['/healthz', '/ready', '/metrics']);

/** What surrounds every request: its trace, the headers of every answer, errors as problems, the log and the figures. */
export async function frameRequest(
  parts: AppParts,
  ctx: Context,
  next: () => Promise<unknown>,
): Promise<void> {
  if (untraced.has(ctx.path)) return await frame(parts, ctx, next, null);
  const options = {
    kind: 'SERVER',
    parent: ctx.get('traceparent') || null,
    attributes: { 'http.request.method': ctx.method },
  } as const;
  await inSpan(ctx.method, options, (span) => frame(parts, ctx, next, span));
}

async function frame(
  parts: AppParts,
  ctx: Context,
  next: () => Promise<unknown>,
  span: Span | null,
): Promise<void> {
  const started = performance.now();
  const traceId =
    span?.spanContext().traceId ?? parseTraceparent(ctx.get('traceparent'))?.traceId ?? randomHex(16);
  const requestId = span?.spanContext().spanId ?? randomHex(8);
  const state: RequestState = Object.assign(stateOf(ctx), { traceId, route: null, principal: null });
  ctx.set('X-Trace-Id', traceId);
  ctx.set('X-Request-Id', requestId);
  ctx.res.setHeaders(safeHeaders);
  if (parts.publicUrl.startsWith('https:')) ctx.set('Strict-Transport-Security', stayWithHttps);
  await withLogFacts({ trace_id: traceId, request_id: requestId }, async () => {
    try {
      await next();
    } catch (error) {
      const { status, problem, headers } = toProblem(error, traceId);
      ctx.status = status;
      ctx.set(headers);
      if (status === 401) ctx.set('WWW-Authenticate', 'Bearer');
      ctx.body = JSON.stringify(problem);
      ctx.type = 'application/problem+json';
      if (status >= 500) {
        parts.log.error({ err: error, route: state.route?.path }, 'request failed');
        if (span) markFailed(span, error);
      }
    }
    const seconds = (performance.now() - started) / 1_000;
    parts.onAnswer?.(state.route, ctx.status, seconds);
    const route = state.route?.path ?? null;
    parts.log.info(
      { method: ctx.method, route, status: ctx.status, ms: Math.round(seconds * 1_000) },
      'request',
    );
    if (route !== null) span?.updateName(`${ctx.method} ${route}`).setAttribute('http.route', route);
    span?.setAttribute('http.response.status_code', ctx.status);
    const tenantId = state.principal?.tenantId;
    if (tenantId !== undefined) span?.setAttribute('perdure.tenant_id', tenantId);
  });
}
