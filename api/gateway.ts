import type { Context } from 'koa';
import type { RateClass } from './route.ts';
import type { Principal } from './principal.ts';

/** Finds out who is asking. */
export interface Authenticator {
  /**
   * The caller that the request's credentials prove, or null when it carries none.
   * Throws `identity.unauthenticated` when it carries some that are wrong, old or revoked.
   */
  authenticate(ctx: Context): Promise<Principal | null>;
}

/** The state of the tightest limit that a request fell under. */
export interface RateState {
  limit: number;
  remaining: number;
  /** Seconds until the limit is whole again. */
  resetSeconds: number;
  /** Seconds to wait before the next request, or null when this one may pass. */
  retryAfterSeconds: number | null;
}

/** Counts requests, for all processes together. */
export interface RateLimiter {
  take(request: { rate: RateClass; address: string; principal: Principal | null }): Promise<RateState>;
}
