/** Does something again and again by itself, as fast as it is told to. */
export class Pace {
  readonly #step: () => void;
  #seconds: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(step: () => void) {
    this.#step = step;
  }

  get seconds(): number | null {
    return this.#seconds;
  }

  /** @param seconds between two steps; null: none is made by itself */
  set(seconds: number | null): void {
    clearInterval(this.#timer);
    this.#seconds = seconds;
    if (seconds !== null) this.#timer = setInterval(this.#step, seconds * 1_000);
  }
}
