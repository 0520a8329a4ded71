import type { Context } from 'koa';
import { createHash } from 'node:crypto';
import type { CommandKey } from '../db/commands/command.ts';
import { Failure } from '../domain/failure.ts';
import type { SecretBox } from '../platform/crypto/secret-box.ts';
import type { Principal } from './principal.ts';
import type { Route } from './route.ts';

/** RFC draft-ietf-httpapi-idempotency-key-header: a key belongs to its caller and to one request. */
export function commandKey(
  route: Route,
  ctx: Context,
  principal: Principal | null,
  raw: Buffer | string | null,
  box: SecretBox,
): CommandKey | null {
  const key = ctx.get('Idempotency-Key');
  if (key === '' || !route.idempotency) return null;
  if (key.length > 255)
    throw new Failure('request.invalid', 'An Idempotency-Key has at most 255 characters.');
  return {
    scope: principal ? `${principal.tenantId}:${principal.userId}` : `anonymous:${ctx.ip}`,
    key,
    fingerprint: fingerprintOf(ctx, raw),
    ...(route.idempotency.showsSecret ? { box } : {}),
  };
}

/** What makes a request the same request: its method, its address with the query, and its body. */
export function fingerprintOf(ctx: Context, raw: Buffer | string | null): string {
  return createHash('sha256')
    .update(`${ctx.method} ${ctx.path}${ctx.search}\n`)
    .update(raw ?? '')
    .digest('hex');
}
