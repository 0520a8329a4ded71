import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { createHash, randomBytes } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import type { Logger } from 'pino';
import { runCommand, runLeasedCommand, type Answer, type CommandKey } from '../db/commands/command.ts';
import type { Database, Transaction } from '../db/database.ts';
import { Failure } from '../domain/failure.ts';
import { readJson } from './body.ts';
import { toProblem } from './errors.ts';
import type { Authenticator, RateLimiter } from './gateway.ts';
import type { Principal } from './principal.ts';
import type { Reply, Request, Route } from './route.ts';
import { validate } from './validate.ts';

export interface AppParts {
  routes: readonly Route[];
  database: Database;
  authenticator: Authenticator;
  rateLimiter: RateLimiter;
  log: Logger;
  /** How many proxies in front of us may be believed in `X-Forwarded-For`. */
  trustedProxies: number;
  /** Ends when the process is told to stop: streams of events, which would never end, are broken off. */
  stopping?: AbortSignal;
  onAnswer?: (route: Route | null, status: number, seconds: number) => void;
}

interface RequestState {
  traceId: string;
  route: Route | null;
  principal: Principal | null;
}

/** The HTTP application: every declared route behind one gateway of authentication, limits, validation and errors. */
export function createApp(parts: AppParts): Koa {
  const app = new Koa({ proxy: parts.trustedProxies > 0, maxIpsCount: parts.trustedProxies });
  // An answer that breaks off while it is streamed: the client sees it end too early, we see why.
  app.on('error', (error: Error & { code?: string }, ctx?: Context) => {
    const expected = error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ABORT_ERR';
    const level = expected ? 'debug' : 'error';
    parts.log[level](
      { err: error, trace_id: ctx && stateOf(ctx).traceId, route: ctx && stateOf(ctx).route?.path },
      'an answer broke off',
    );
  });
  app.use((ctx, next) => answerErrors(parts, ctx, next));

  const router = new Router();
  for (const route of parts.routes) {
    router.register(route.path, [route.method], async (ctx: Context) => {
      stateOf(ctx).route = route;
      await serve(parts, route, ctx);
    });
  }
  app.use(router.routes());
  app.use(refuse);
  return app;
}

/**
 * Answers what no route takes. `OPTIONS` tells the methods of an address and grants no other origin anything: the API is
 * for servers, and for pages that it serves itself.
 */
function refuse(ctx: Context): void {
  const matched = (ctx['matched'] ?? []) as { methods: string[] }[];
  if (matched.length === 0) throw new Failure('request.not_found', 'There is nothing at this address.');
  ctx.set('Allow', [...new Set(matched.flatMap((layer) => layer.methods)), 'OPTIONS'].join(', '));
  if (ctx.method !== 'OPTIONS')
    throw new Failure('request.method_not_allowed', 'This address does not take that method.');
  ctx.status = 204;
}

function stateOf(ctx: Context): RequestState {
  return ctx.state as RequestState;
}

async function answerErrors(parts: AppParts, ctx: Context, next: () => Promise<unknown>): Promise<void> {
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

async function serve(parts: AppParts, route: Route, ctx: Context): Promise<void> {
  const state = stateOf(ctx);
  // Probes must get an answer that does not hang on the database.
  const principal = route.rate === 'system' ? null : await identify(parts, route, ctx);
  state.principal = principal;
  if (route.rate !== 'system') await limit(parts, route, ctx, principal);
  if (route.access !== 'public') {
    if (!principal) throw new Failure('identity.unauthenticated', 'Send an access token or an API key.');
    if (!principal.scopes.has(route.access)) {
      throw new Failure('identity.forbidden', `This needs the scope ${route.access}.`);
    }
  }
  const params = route.params ? validate(route.params, ctx['params'], 'params') : undefined;
  const query = route.query ? validate(route.query, ctx.query, 'query') : undefined;
  const json = route.body ? await readJson(ctx) : null;
  const body = route.body ? validate(route.body, json?.value, 'body') : undefined;

  const gone = new AbortController();
  if (ctx.res.closed) gone.abort();
  else ctx.res.once('close', () => gone.abort());
  const request = {
    params,
    query,
    body,
    principal,
    address: ctx.ip,
    traceId: state.traceId,
    signal: gone.signal,
    commandKey: (given: string | Buffer) => commandKey(route, ctx, principal, given),
    ctx,
  } as Request<never, never, never, never>;
  await answer(parts, route, ctx, request, commandKey(route, ctx, principal, json?.raw ?? null));
}

/** Wrong credentials count against the caller's address: guessing them must not be free. */
async function identify(parts: AppParts, route: Route, ctx: Context): Promise<Principal | null> {
  try {
    return await parts.authenticator.authenticate(ctx);
  } catch (error) {
    if (error instanceof Failure) await limit(parts, route, ctx, null);
    throw error;
  }
}

async function limit(
  parts: AppParts,
  route: Route,
  ctx: Context,
  principal: Principal | null,
): Promise<void> {
  const rate = await parts.rateLimiter.take({ rate: route.rate, address: ctx.ip, principal });
  ctx.set('RateLimit-Limit', String(rate.limit));
  ctx.set('RateLimit-Remaining', String(rate.remaining));
  ctx.set('RateLimit-Reset', String(Math.ceil(rate.resetSeconds)));
  if (rate.retryAfterSeconds !== null) {
    throw new Failure('request.rate_limited', 'Too many requests. Wait and try again.', {
      retryAfter: rate.retryAfterSeconds,
    });
  }
}

/** RFC draft-ietf-httpapi-idempotency-key-header: a key belongs to its caller and to one request. */
function commandKey(
  route: Route,
  ctx: Context,
  principal: Principal | null,
  raw: Buffer | string | null,
): CommandKey | null {
  const key = ctx.get('Idempotency-Key');
  if (key === '' || !route.idempotency) return null;
  if (key.length > 255)
    throw new Failure('request.invalid', 'An Idempotency-Key has at most 255 characters.');
  return {
    scope: principal ? `${principal.tenantId}:${principal.userId}` : `anonymous:${ctx.ip}`,
    key,
    fingerprint: fingerprintOf(ctx, raw),
  };
}

/** What makes a request the same request: its method, its address with the query, and its body. */
export function fingerprintOf(ctx: Context, raw: Buffer | string | null): string {
  return createHash('sha256')
    .update(`${ctx.method} ${ctx.path}${ctx.search}\n`)
    .update(raw ?? '')
    .digest('hex');
}

async function answer(
  parts: AppParts,
  route: Route,
  ctx: Context,
  request: Request<never, never, never, never>,
  command: CommandKey | null,
): Promise<void> {
  if (!route.idempotency || route.idempotency.mode === 'handler') {
    send(parts, ctx, await route.handle(request));
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
  if (reply.stream) throw new Error('A streamed answer cannot be stored for an Idempotency-Key.');
  return reply;
}

/** Writes a reply. JSON unless it is a stream. */
function send(parts: AppParts, ctx: Context, reply: Reply | Answer): void {
  ctx.status = reply.status;
  if (reply.headers) ctx.set(reply.headers);
  if ('stream' in reply && reply.stream) {
    const { mediaType, content } = reply.stream;
    // Its client comes back with `Last-Event-ID`, to a process that stays.
    if (parts.stopping && mediaType.startsWith('text/event-stream')) addAbortSignal(parts.stopping, content);
    ctx.type = mediaType;
    ctx.body = content;
  } else if (reply.body === undefined) {
    ctx.body = null;
    ctx.status = reply.status;
  } else {
    ctx.body = JSON.stringify(reply.body);
    ctx.type = 'application/json';
  }
}
