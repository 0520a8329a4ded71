import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface LingeringLimits {
  /** Of one connection: most bytes that are read and thrown away, */
  bytes: number;
  /** most seconds in all, */
  seconds: number;
  /** and most seconds in which nothing comes. */
  silentSeconds: number;
  /** Seconds that are left to all of them once the process is told to stop. */
  lastSeconds: number;
  /** Connections that linger at one time in this process. Others are closed at once. */
  connections: number;
}

/** Longest and silent times as nginx has them. The bytes are more than any body that is read whole. */
const usualLimits: LingeringLimits = {
  bytes: 67_108_864,
  seconds: 30,
  silentSeconds: 5,
  lastSeconds: 1,
  connections: 1_000,
};

/**
 * Connections whose request is answered before its body is whole. Were such a one closed at once, with data that nobody has
 * read, it would be reset, and a client that goes on sending could lose the answer (RFC 9112 §9.6). So its sending half is
 * closed after the answer, and what still comes is thrown away until the client has done its part or has had its time.
 */
export class LingeringConnections {
  readonly #limits: LingeringLimits;
  readonly #stopping: AbortSignal | undefined;
  readonly #open = new Set<Socket>();

  constructor({
    stopping,
    ...limits
  }: Partial<LingeringLimits> & { stopping?: AbortSignal | undefined } = {}) {
    this.#limits = { ...usualLimits, ...limits };
    this.#stopping = stopping;
    const closeAll = (): void => this.#open.forEach((socket) => socket.destroy());
    stopping?.addEventListener('abort', () => setTimeout(closeAll, this.#limits.lastSeconds * 1_000).unref());
  }

  get count(): number {
    return this.#open.size;
  }

  has(socket: Socket): boolean {
    return this.#open.has(socket);
  }

  /** Has the connection of a request closed so after its answer, which must say `Connection: close`. */
  closeAfterAnswer(request: IncomingMessage): void {
    const { socket } = request;
    const { bytes, connections } = this.#limits;
    const before = socket.bytesRead;
    const isOver = (): boolean =>
      request.readableEnded || request.destroyed || socket.bytesRead - before > bytes;
    // Whoever has begun to read the body must not go on collecting it.
    request.removeAllListeners('data');
    request.on('data', () => {
      if (!isOver()) return;
      if (this.#open.has(socket)) socket.destroy();
      else request.pause();
    });
    request.resume();
    const closeAtOnce = socket.destroySoon.bind(socket);
    // By this the server of Node closes a connection when its last answer is written.
    socket.destroySoon = () => {
      if (isOver() || this.#open.size >= connections) closeAtOnce();
      else this.#linger(request);
    };
  }

  #linger(request: IncomingMessage): void {
    const { socket } = request;
    const { seconds, silentSeconds, lastSeconds } = this.#limits;
    const close = (): void => void socket.destroy();
    const longest = setTimeout(close, (this.#stopping?.aborted ? lastSeconds : seconds) * 1_000);
    this.#open.add(socket);
    socket.once('close', () => {
      clearTimeout(longest);
      this.#open.delete(socket);
    });
    socket.setTimeout(silentSeconds * 1_000, close);
    request.once('end', close);
    socket.end();
  }
}
