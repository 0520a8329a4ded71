import { findApiKeyHolder, findSessionHolder, type CredentialHolder } from '../../db/identity/credentials.ts';
import { Failure } from '../../domain/failure.ts';
import { apiKeyPrefix, hashApiKey } from '../../domain/identity/api-key.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import { scopesOf } from '../../domain/identity/roles.ts';
import type { Authenticator } from '../gateway.ts';
import { createAccessTokens } from '../identity/access-tokens.ts';
import type { Principal } from '../principal.ts';
import type { Services } from '../services.ts';
import { TtlCache } from '../../platform/ttl-cache.ts';

export interface AuthenticatorOptions {
  /** How long what is known of a session or a key is believed. Tests set it to nothing. */
  cacheMilliseconds?: number;
  now?: () => number;
}

/**
 * Knows callers by `Authorization: Bearer` with an access token or an API key. Signatures are checked here; that the
 * session or key is still alive, and the role, come from the database, at most five seconds old.
 */
export function createAuthenticator(
  services: Pick<Services, 'config' | 'database'>,
  options: AuthenticatorOptions = {},
): Authenticator {
  const { database } = services;
  const { now = Date.now } = options;
  const accessTokens = createAccessTokens(services, now);
  const milliseconds = options.cacheMilliseconds ?? lifetimes.authenticationCache * 1_000;
  const sessions = new TtlCache<Known | null>(milliseconds, now);
  const apiKeys = new TtlCache<Known | null>(milliseconds, now);

  return {
    async authenticate(authorization) {
      const token = bearerOf(authorization);
      if (token === null) return null;
      if (token.startsWith(apiKeyPrefix)) {
        const hash = hashApiKey(token);
        const load = () => database.read('identity', ({ sql }) => findApiKeyHolder(sql, hash));
        return alive(await apiKeys.get(hash, async () => knownOf('api_key', await load())), now());
      }
      const claims = await accessTokens.verify(token);
      const load = () => database.read('identity', ({ sql }) => findSessionHolder(sql, claims.sessionId));
      const principal = alive(
        await sessions.get(claims.sessionId, async () => knownOf('user', await load())),
        now(),
      );
      if (principal.userId !== claims.userId || principal.tenantId !== claims.tenantId)
        throw unauthenticated();
      return { ...principal, expiresAt: Math.min(claims.expiresAt, principal.expiresAt ?? Infinity) };
    },
  };
}

function bearerOf(header: string): string | null {
  if (header === '') return null;
  const token = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(header)?.[1];
  if (!token) throw unauthenticated();
  return token;
}

/** A caller, as long as it was looked up for: what is worked out of it is worked out once. */
interface Known {
  principal: Principal;
  /** Milliseconds since 1970; null for ever. */
  expiresAt: number | null;
}

function knownOf(kind: Principal['kind'], holder: CredentialHolder | null): Known | null {
  return holder && { principal: principalOf(kind, holder), expiresAt: holder.expiresAt };
}

function alive(known: Known | null, now: number): Principal {
  if (!known || (known.expiresAt !== null && known.expiresAt <= now)) throw unauthenticated();
  return known.principal;
}

function unauthenticated(): Failure {
  return new Failure('identity.unauthenticated', 'The access token or API key is wrong, old or revoked.');
}

function principalOf(kind: Principal['kind'], holder: CredentialHolder): Principal {
  const granted = scopesOf(holder.role);
  const scopes = holder.scopes ? granted.filter((scope) => holder.scopes?.includes(scope)) : granted;
  return {
    kind,
    tenantId: holder.tenantId,
    plan: holder.plan,
    userId: holder.userId,
    role: holder.role,
    scopes: new Set(scopes),
    sessionId: kind === 'user' ? holder.id : null,
    apiKeyId: kind === 'api_key' ? holder.id : null,
    expiresAt: holder.expiresAt,
  };
}
