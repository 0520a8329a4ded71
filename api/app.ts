import Koa, { type Context } from 'koa';
import { Failure } from '../domain/failure.ts';
import type { Scope } from '../domain/identity/scopes.ts';
import { LingeringConnections } from '../platform/http/lingering-close.ts';
import { addLogFacts } from '../platform/log-context.ts';
import { Addresses, type Found } from './addresses.ts';
import { answer } from './answer.ts';
import { readJson } from './body.ts';
import { commandKey } from './command-key.ts';
import type { AppParts } from './app-parts.ts';
import { closeAfterEarlyAnswers } from './early-answers.ts';
import type { RateState } from './gateway.ts';
import { allowOrigin, answerPreflight } from './cross-origin.ts';
import type { Principal } from './principal.ts';
import { credentialOf, processEnds, requireUpgrade } from './realtime/handshake.ts';
import { requireSession } from './identity/principals.ts';
import { frameRequest, stateOf } from './request-frame.ts';
import type { RateClass, Request, Route } from './route.ts';
import { requireScope, Standing } from './standing.ts';
import { validate } from './validate.ts';

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
  app.use(closeAfterEarlyAnswers(new LingeringConnections({ stopping: parts.stopping })));
  app.use((ctx, next) => frameRequest(parts, ctx, next));

  const addresses = new Addresses(parts.routes);
  app.use(async (ctx) => {
    const found = addresses.find(ctx.method, ctx.path);
    if (!found?.route) return refuse(ctx, found);
    stateOf(ctx).route = found.route;
    allowOrigin(found.route, ctx);
    await serve(parts, found.route, found.params, ctx);
  });
  return app;
}

/**
 * Answers what no route takes. `OPTIONS` tells the methods of an address and grants no other origin anything: but for the
 * routes that name origins, the API is for servers, and for pages that it serves itself.
 */
function refuse(ctx: Context, found: Found | null): void {
  if (!found) throw new Failure('request.not_found', 'There is nothing at this address.');
  const open = found.routes.find(({ crossOrigins }) => crossOrigins?.length);
  if (ctx.method === 'OPTIONS' && open) return answerPreflight(open, ctx);
  ctx.set('Allow', [...found.methods, 'OPTIONS'].join(', '));
  if (ctx.method !== 'OPTIONS')
    throw new Failure('request.method_not_allowed', 'This address does not take that method.');
  ctx.status = 204;
}

async function serve(
  parts: AppParts,
  route: Route,
  given: Record<string, string>,
  ctx: Context,
): Promise<void> {
  const state = stateOf(ctx);
  // Probes must get an answer that does not hang on the database.
  const principal = route.rate === 'system' || route.provesItself ? null : await identify(parts, route, ctx);
  state.principal = principal;
  if (principal) addLogFacts({ tenant_id: principal.tenantId });
  if (route.rate !== 'system') await limit(parts, route.rate, ctx, principal);
  if (route.access !== 'public') {
    if (!principal) throw new Failure('identity.unauthenticated', 'Send an access token or an API key.');
    requireScope(principal, scopesOf(route));
    if (route.session) requireSession(principal);
  }
  const params = route.params ? validate(route.params, given, 'params') : undefined;
  const query = route.query ? validate(route.query, ctx.query, 'query') : undefined;
  const json = route.body ? await readJson(ctx) : null;
  const body = route.body ? validate(route.body, json?.value, 'body') : undefined;

  if (route.subprotocol !== undefined) requireUpgrade(parts, route, ctx);
  const standing = principal && staysOpen(route) ? openStanding(parts, route, ctx, principal) : null;

  let signal = standing?.signal;
  const request = {
    params,
    query,
    body,
    principal,
    address: ctx.ip,
    traceId: state.traceId,
    standing,
    // Made when somebody asks for it: most requests are over before it could matter, and its end costs more than they do.
    get signal() {
      return (signal ??= signalOfGoing(ctx));
    },
    commandKey: (given?: string | Buffer) =>
      commandKey(route, ctx, principal, given ?? json?.raw ?? null, parts.box),
    ctx,
  } as Request<never, never, never, never>;
  await answer(parts, route, ctx, request, commandKey(route, ctx, principal, json?.raw ?? null, parts.box));
}

/** Ends when the connection of a request does. */
function signalOfGoing(ctx: Context): AbortSignal {
  const gone = new AbortController();
  if (ctx.res.closed) gone.abort();
  else ctx.res.once('close', () => gone.abort());
  return gone.signal;
}

/** Wrong credentials count against the caller's address: guessing them must not be free. */
async function identify(parts: AppParts, route: Route, ctx: Context): Promise<Principal | null> {
  try {
    return await parts.authenticator.authenticate(credentialOf(route, ctx));
  } catch (error) {
    if (error instanceof Failure) await limit(parts, route.rate, ctx, null);
    throw error;
  }
}

async function limit(
  parts: AppParts,
  rate: RateClass,
  ctx: Context,
  principal: Principal | null,
): Promise<void> {
  const state = await parts.rateLimiter.take({ rate, address: ctx.ip, principal });
  ctx.set('RateLimit-Limit', String(state.limit));
  ctx.set('RateLimit-Remaining', String(state.remaining));
  ctx.set('RateLimit-Reset', String(Math.ceil(state.resetSeconds)));
  requireRate(state);
}

function requireRate({ retryAfterSeconds }: RateState): void {
  if (retryAfterSeconds === null) return;
  throw new Failure('request.rate_limited', 'Too many requests. Wait and try again.', {
    retryAfter: retryAfterSeconds,
  });
}

function scopesOf({ access, orAccess }: Route): Scope[] {
  if (access === 'public') return [];
  return orAccess ? [access, orAccess] : [access];
}

/** Whether the answer goes on for longer than what was proved about the caller is good for. */
function staysOpen({ subprotocol, responses }: Route): boolean {
  return (
    subprotocol !== undefined ||
    Object.values(responses).some(({ mediaType }) => [mediaType].flat().includes('text/event-stream'))
  );
}

function openStanding(parts: AppParts, route: Route, ctx: Context, principal: Principal): Standing {
  const { authenticator, connections, rateLimiter, standingMilliseconds } = parts;
  const leave = connections.take(principal.userId, route.subprotocol === undefined ? 'stream' : 'socket');
  const { ip } = ctx;
  const standing = new Standing({
    authenticator,
    limit: async (caller, rate) =>
      requireRate(await rateLimiter.take({ rate, address: ip, principal: caller })),
    scopes: scopesOf(route),
    principal,
    authorization: credentialOf(route, ctx),
    everyMilliseconds: standingMilliseconds,
  });
  standing.signal.addEventListener('abort', leave, { once: true });
  const stop = (): void => standing.end(processEnds());
  parts.stopping?.addEventListener('abort', stop, { signal: standing.signal });
  // A connection that has become a WebSocket ends its standing by itself.
  if (ctx.res.closed) standing.end();
  else ctx.res.once('close', () => standing.end());
  return standing;
}
