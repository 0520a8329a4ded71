import type { RawData, WebSocket } from 'ws';
import type { ErrorCode } from '../../domain/errors.ts';
import { Failure } from '../../domain/failure.ts';
import type { Standing } from '../standing.ts';
import { closeCodes, type CloseReason } from './close-codes.ts';

/** What the loss of its caller's standing closes a connection with. */
const reasons: Partial<Record<ErrorCode, CloseReason>> = {
  'identity.forbidden': 'forbidden',
  'service.unavailable': 'going_away',
};

/** Serves a WebSocket from its handshake to its end. */
export type ConnectionHandler = (connection: Connection) => void;

export interface ConnectionOptions {
  /** How long the network may take to take a message from us: a client that reads too slowly is let go. */
  sendMilliseconds: number;
  /** How long the other side may take to answer a close. */
  closeMilliseconds: number;
  /** Messages that may come at once, and in the long run in a second. */
  burst: number;
  perSecond: number;
}

export const connectionOptions: ConnectionOptions = {
  sendMilliseconds: 15_000,
  closeMilliseconds: 2_000,
  burst: 60,
  perSecond: 20,
};

/**
 * One WebSocket. What is sent waits until the network has taken it, so that nothing piles up for a client that reads slowly;
 * what comes in is handled one after the other, and only so much of it.
 */
export class Connection {
  readonly standing: Standing;
  readonly traceId: string;
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #over = new AbortController();
  #answered = true;
  #tokens: number;
  #tokensAt = performance.now();
  #work: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, standing: Standing, traceId: string, options: ConnectionOptions) {
    this.standing = standing;
    this.traceId = traceId;
    this.#socket = socket;
    this.#options = options;
    this.#tokens = options.burst;
    // It is closed by `ws` with the code that fits; there is nothing to add.
    socket.on('error', () => undefined);
    socket.on('pong', () => (this.#answered = true));
    socket.on('close', () => {
      this.#over.abort();
      standing.end();
    });
    standing.signal.addEventListener('abort', () => this.#lose(standing.signal.reason), { once: true });
  }

  /** Ends when the connection does, or is about to. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** @param work handles one message; the next one waits for it */
  onMessage(work: (value: unknown) => Promise<void>): void {
    this.#socket.on('message', (data: RawData, binary: boolean) => {
      this.#answered = true;
      if (this.signal.aborted) return;
      if (!this.#take()) return this.close('too_many');
      const value = binary ? undefined : parse(data);
      if (value === undefined) return this.close('malformed');
      this.#work = this.#work.then(() => (this.signal.aborted ? undefined : work(value)));
    });
  }

  /** Sends a message as JSON, and waits until the network has taken it. What comes after the end is dropped. */
  async send(message: object): Promise<void> {
    if (this.signal.aborted) return;
    const late = setTimeout(() => this.close('slow'), this.#options.sendMilliseconds);
    await new Promise<void>((resolve) => {
      this.#socket.send(JSON.stringify(message), () => resolve());
    });
    clearTimeout(late);
  }

  close(reason: CloseReason): void {
    if (this.signal.aborted) return;
    this.#over.abort();
    this.#socket.close(closeCodes[reason], reason);
    const late = setTimeout(() => this.#socket.terminate(), this.#options.closeMilliseconds);
    this.#socket.once('close', () => clearTimeout(late));
  }

  /** Asks for a sign of life. One that has not answered the time before is gone. */
  ping(): void {
    if (!this.#answered) return this.close('slow');
    this.#answered = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #lose(reason: unknown): void {
    if (reason instanceof Failure) this.close(reasons[reason.code] ?? 'unauthenticated');
  }

  #take(): boolean {
    const { burst, perSecond } = this.#options;
    const now = performance.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#tokensAt) / 1_000) * perSecond);
    this.#tokensAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

function parse(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
