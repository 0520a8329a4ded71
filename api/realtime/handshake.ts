import type { Context } from 'koa';
import { Failure } from '../../domain/failure.ts';
import type { AppParts } from '../app-parts.ts';
import type { Route } from '../route.ts';

/**
 * How a page names its credential: as one of the subprotocols that it offers (`new WebSocket(url, ['perdure.v1',
 * 'bearer.<token>'])`), because it can set no header, and what stands in an address is written to logs.
 */
const credentialPrefix = 'bearer.';

/** The `Authorization` of a request; that of a WebSocket's handshake may also be among the subprotocols. */
export function credentialOf({ subprotocol }: Route, ctx: Context): string {
  const authorization = ctx.get('Authorization');
  if (authorization !== '' || subprotocol === undefined) return authorization;
  const credential = offeredSubprotocols(ctx).find((one) => one.startsWith(credentialPrefix));
  return credential === undefined ? '' : `Bearer ${credential.slice(credentialPrefix.length)}`;
}

/**
 * Refuses what is no handshake of a WebSocket (RFC 6455 §4), what comes from a page that we do not know, and what does not
 * speak the route's subprotocol. A program sends no `Origin`.
 *
 * @throws Failure `request.upgrade_required`, `request.origin_refused`, `request.invalid`, `service.unavailable`
 */
export function requireUpgrade(parts: AppParts, route: Route, ctx: Context): void {
  const { subprotocol = '', crossOrigins = [] } = route;
  if (!parts.sockets?.isHandshake(ctx.req)) {
    ctx.set({ Upgrade: 'websocket', Connection: 'Upgrade' });
    throw new Failure('request.upgrade_required', 'This address speaks WebSocket.');
  }
  if (parts.stopping?.aborted) throw processEnds();
  const origin = ctx.get('Origin');
  if (origin !== '' && ![new URL(parts.publicUrl).origin, ...crossOrigins].includes(origin))
    throw new Failure('request.origin_refused', 'Pages of this origin may not open WebSockets here.');
  const offered = offeredSubprotocols(ctx);
  // A browser fails a connection that chooses none of those that it has offered.
  if (offered.length > 0 && !offered.includes(subprotocol))
    throw new Failure('request.invalid', `Offer the subprotocol ${subprotocol}.`);
}

/** Whoever is connected comes back, to a process that stays. */
export function processEnds(): Failure {
  return new Failure('service.unavailable', 'This process is ending. Connect again.', { retryAfter: 1 });
}

function offeredSubprotocols(ctx: Context): string[] {
  return ctx
    .get('Sec-WebSocket-Protocol')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
}
