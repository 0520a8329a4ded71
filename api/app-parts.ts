import type { Logger } from 'pino';
import type { Database } from '../db/database.ts';
import type { SecretBox } from '../platform/crypto/secret-box.ts';
import type { Authenticator, RateLimiter } from './gateway.ts';
import type { OpenConnections } from './realtime/open-connections.ts';
import type { Sockets } from './realtime/sockets.ts';
import type { Route } from './route.ts';

/** What the HTTP application is put together from. */
export interface AppParts {
  routes: readonly Route[];
  database: Database;
  /** Seals answers that show a secret, where they are stored for an `Idempotency-Key`. */
  box: SecretBox;
  authenticator: Authenticator;
  rateLimiter: RateLimiter;
  log: Logger;
  /** How callers reach the API. By https: browsers are told to stay with it. */
  publicUrl: string;
  /** How many proxies in front of us may be believed in `X-Forwarded-For`. */
  trustedProxies: number;
  /** Ends when the process is told to stop: streams of events, which would never end, are broken off. */
  stopping?: AbortSignal;
  /** Counts the connections that stay open. */
  connections: OpenConnections;
  /** Takes over the connections that become WebSockets. Without it there are none. */
  sockets?: Sockets;
  /** Between two looks at whether callers of open connections may still have them, in milliseconds. */
  standingMilliseconds?: number;
  onAnswer?: (route: Route | null, status: number, seconds: number) => void;
}
