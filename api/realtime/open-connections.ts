import { Failure } from '../../domain/failure.ts';
import type { Metrics } from '../../platform/metrics.ts';

/** What an open connection is: a stream of events, or a WebSocket. */
export type ConnectionKind = 'stream' | 'socket';

export interface ConnectionLimits {
  /** A user with several tabs and devices stays far below it. */
  ofUser: number;
  /** Each takes memory, and a look at its credential every few seconds, for as long as it lives. */
  ofProcess: number;
}

/** When a process is full, its callers come back one after the other. */
const retrySeconds = { least: 5, spread: 10 };

/** Event streams and WebSockets that are open in this process. */
export class OpenConnections {
  readonly #limits: ConnectionLimits;
  readonly #metrics: Pick<Metrics, 'openConnections' | 'refusedConnections'>;
  readonly #ofUser = new Map<string, number>();
  #open = 0;

  constructor(limits: ConnectionLimits, metrics: Pick<Metrics, 'openConnections' | 'refusedConnections'>) {
    this.#limits = limits;
    this.#metrics = metrics;
    // From zero, or the first of a kind would be no increase.
    for (const kind of ['stream', 'socket']) metrics.openConnections.set({ kind }, 0);
    for (const limit of ['user', 'process']) metrics.refusedConnections.inc({ limit }, 0);
  }

  /**
   * @returns gives its place back
   * @throws Failure `request.too_many_connections` when the user has as many as one may have, `service.too_many_connections` when
   *   the process has
   */
  take(userId: string, kind: ConnectionKind): () => void {
    const { ofUser, ofProcess } = this.#limits;
    const open = this.#ofUser.get(userId) ?? 0;
    if (open >= ofUser) {
      this.#metrics.refusedConnections.inc({ limit: 'user' });
      throw new Failure(
        'request.too_many_connections',
        `You have ${ofUser} open streams or WebSockets; close one first.`,
        { retryAfter: 10 },
      );
    }
    if (this.#open >= ofProcess) {
      this.#metrics.refusedConnections.inc({ limit: 'process' });
      throw new Failure(
        'service.too_many_connections',
        'This server has as many open streams and WebSockets as it takes. Try again.',
        { retryAfter: retrySeconds.least + Math.random() * retrySeconds.spread },
      );
    }
    this.#open += 1;
    this.#ofUser.set(userId, open + 1);
    this.#metrics.openConnections.inc({ kind });
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#leave(userId, kind);
    };
  }

  #leave(userId: string, kind: ConnectionKind): void {
    this.#open -= 1;
    this.#metrics.openConnections.dec({ kind });
    const left = (this.#ofUser.get(userId) ?? 1) - 1;
    if (left === 0) this.#ofUser.delete(userId);
    else this.#ofUser.set(userId, left);
  }
}
