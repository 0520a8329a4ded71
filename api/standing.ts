import type { Scope } from '../domain/identity/scopes.ts';
import { Failure } from '../domain/failure.ts';
import type { Authenticator } from './gateway.ts';
import type { Principal } from './principal.ts';
import type { RateClass } from './route.ts';

/** Between two questions whether a caller may still hear what is told. */
export const standingMilliseconds = 5_000;

export interface StandingParts {
  authenticator: Authenticator;
  /** Counts something that the caller does over the open connection. Throws `request.rate_limited`. */
  limit: (principal: Principal, rate: RateClass) => Promise<void>;
  /** The scopes of which one must be held. */
  scopes: readonly Scope[];
  principal: Principal;
  /** The credential that the connection was opened with. */
  authorization: string;
  everyMilliseconds?: number | undefined;
}

/**
 * The standing of a caller whose connection stays open, where a request would long be over: it ends when the credential is
 * over or revoked, when its scope is taken away, and when the caller is no member any more.
 */
export class Standing {
  readonly #parts: StandingParts;
  readonly #over = new AbortController();
  #principal: Principal;
  #authorization: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StandingParts) {
    this.#parts = parts;
    this.#principal = parts.principal;
    this.#authorization = parts.authorization;
    this.#watch();
  }

  /** The caller, as things are now. */
  get principal(): Principal {
    return this.#principal;
  }

  /** Ends when the caller has gone, or may hear no more; then its reason is the failure. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Goes on with another credential of the same caller, so that a connection may outlive an access token.
   *
   * @throws Failure `identity.unauthenticated`, `identity.forbidden`; then the old one goes on to count
   */
  async renew(authorization: string): Promise<void> {
    this.#principal = await this.#identify(authorization);
    this.#authorization = authorization;
    clearTimeout(this.#timer);
    if (!this.#over.signal.aborted) this.#watch();
  }

  async limit(rate: RateClass): Promise<void> {
    await this.#parts.limit(this.#principal, rate);
  }

  /** The connection has gone. */
  end(reason?: unknown): void {
    clearTimeout(this.#timer);
    this.#over.abort(reason);
  }

  #watch(): void {
    const { expiresAt } = this.#principal;
    const { everyMilliseconds = standingMilliseconds } = this.#parts;
    const left = expiresAt === null ? Infinity : Math.max(0, expiresAt - Date.now());
    this.#timer = setTimeout(() => void this.#look(), Math.min(everyMilliseconds, left));
  }

  async #look(): Promise<void> {
    const authorization = this.#authorization;
    let lost: unknown = null;
    try {
      const { expiresAt } = this.#principal;
      if (expiresAt !== null && expiresAt <= Date.now()) throw unauthenticated();
      this.#principal = await this.#identify(authorization);
    } catch (error) {
      // A database that is away has taken nothing from anybody.
      if (error instanceof Failure) lost = error;
    }
    // Renewed meanwhile: that one counts, and is watched.
    if (authorization !== this.#authorization || this.#over.signal.aborted) return;
    if (lost) this.end(lost);
    else this.#watch();
  }

  async #identify(authorization: string): Promise<Principal> {
    const { authenticator, scopes, principal } = this.#parts;
    const found = await authenticator.authenticate(authorization);
    if (!found) throw unauthenticated();
    if (found.userId !== principal.userId || found.tenantId !== principal.tenantId)
      throw new Failure('identity.forbidden', 'This is the credential of another caller.');
    requireScope(found, scopes);
    return found;
  }
}

/** @throws Failure `identity.forbidden` when the caller holds none of the scopes */
export function requireScope(principal: Principal, scopes: readonly Scope[]): void {
  if (!scopes.some((scope) => principal.scopes.has(scope)))
    throw new Failure('identity.forbidden', `This needs the scope ${scopes.join(' or ')}.`);
}

function unauthenticated(): Failure {
  return new Failure('identity.unauthenticated', 'The access token or API key is wrong, old or revoked.');
}
