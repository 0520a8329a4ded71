import { Failure } from '../../domain/failure.ts';

/** A user with several tabs and devices stays far below it. */
export const mostConnectionsOfUser = 20;

/** Event streams and WebSockets that are open in this process: each takes memory for as long as it lives. */
export class OpenConnections {
  readonly #ofUser = new Map<string, number>();

  /** @throws Failure `request.too_many_connections` when the user has as many as one may have */
  take(userId: string): () => void {
    const open = this.#ofUser.get(userId) ?? 0;
    if (open >= mostConnectionsOfUser) {
      throw new Failure(
        'request.too_many_connections',
        `You have ${mostConnectionsOfUser} open streams or WebSockets; close one first.`,
        { retryAfter: 10 },
      );
    }
    this.#ofUser.set(userId, open + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      const left = (this.#ofUser.get(userId) ?? 1) - 1;
      if (left === 0) this.#ofUser.delete(userId);
      else this.#ofUser.set(userId, left);
    };
  }
}
