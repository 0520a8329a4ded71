import type { RateClass } from './route.ts';
import type { Principal } from './principal.ts';

/** Finds out who is asking. */
export interface Authenticator {
  /**
   * The caller that the value of an `Authorization` header proves, or null when it is empty.
   * Throws `identity.unauthenticated` when it is wrong, old or revoked.
   */
  authenticate(authorization: string): Promise<Principal | null>;
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
