/** What a client has asked to hear, until it asks no more. */
export class Subscription {
  readonly #over = new AbortController();
  readonly #window: number;
  readonly #outstanding: number[] = [];
  #proceed: (() => void) | null = null;

  /** @param window events that may be on their way without an `ack`; as many as the network takes where it is left out */
  constructor(connection: AbortSignal, window = Infinity) {
    this.#window = window;
    connection.addEventListener('abort', () => this.end(), { once: true, signal: this.#over.signal });
    if (connection.aborted) this.end();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  end(): void {
    this.#over.abort();
    this.#proceed?.();
  }

  /** Waits until one more event may be sent. */
  async room(id: number): Promise<void> {
    if (this.#window === Infinity) return;
    while (this.#outstanding.length >= this.#window && !this.signal.aborted)
      await new Promise<void>((resolve) => (this.#proceed = resolve));
    this.#outstanding.push(id);
  }

  /** The client has dealt with everything up to this event. */
  acknowledge(id: number): void {
    while (this.#outstanding.length > 0 && (this.#outstanding[0] ?? 0) <= id) this.#outstanding.shift();
    this.#proceed?.();
  }
}
