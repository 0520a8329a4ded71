import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  ConsecutiveBreaker,
  SamplingBreaker,
  TaskCancelledError,
  TimeoutStrategy,
  bulkhead,
  circuitBreaker,
  handleWhen,
  timeout,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
} from 'cockatiel';

export interface GuardOptions {
  /** Work that takes longer is given up, and its signal aborted. */
  timeoutMs: number;
  /** Work under way at once in this process. */
  concurrency: number;
  /** Work that may wait for its turn. Default 0. */
  queue?: number;
  /** Failures in a row that open the circuit (default 5), or a share of failures over a time. */
  opensAfter?: number | { share: number; overMs: number; leastPerSecond: number };
  /** After this long one piece of work is let through as a probe. Default 10,000. */
  probesAfterMs?: number;
}

export type GuardState = 'closed' | 'open' | 'half_open';

export type GuardRefusal =
  /** Nothing was tried: the last attempts failed. */
  | { ok: false; code: 'circuit_open'; retryAfterMs: number }
  /** Nothing was tried: as much as may run and wait already does. */
  | { ok: false; code: 'overloaded' }
  /** Given up; it may have had its effect. */
  | { ok: false; code: 'timeout' }
  | { ok: false; code: 'cancelled' };

export type GuardResult<T> = { ok: true; value: T } | GuardRefusal;

export interface GuardHealth {
  state: GuardState;
  /** Slots that are free, and places to wait. */
  freeSlots: number;
  freeQueue: number;
  lastOpenedAt: Date | null;
}

/** The caller's own cancelling says nothing about the other side, so it must not open the circuit. */
class Cancelled extends Error {}

/** The work answered, and its answer is a failure of the other side. Carries the answer past the breaker's count. */
class FailedAnswer extends Error {
  readonly value: unknown;
  constructor(value: unknown) {
    super('The answer counts as a failure.');
    this.value = value;
  }
}

/**
 * Stands before one outside service: bounds how much work runs at once and how long, and stops asking a service that
 * keeps failing. Each process has its own; limits over all processes are kept in the database.
 */
export class Guard<T> {
  readonly #options: GuardOptions;
  readonly #isFailure: (value: T) => boolean;
  readonly #bulkhead: BulkheadPolicy;
  readonly #breaker: CircuitBreakerPolicy;
  #lastOpenedAt: Date | null = null;

  /** @param isFailure tells an answer that counts against the service, beside what is thrown */
  constructor(options: GuardOptions, isFailure: (value: T) => boolean) {
    this.#options = options;
    this.#isFailure = isFailure;
    this.#bulkhead = bulkhead(options.concurrency, options.queue ?? 0);
    const { opensAfter = 5 } = options;
    // A cancelled probe proves nothing; counted as a failure it leaves the circuit open instead of closing it.
    const counts = handleWhen((error) => !(error instanceof Cancelled) || this.state === 'half_open');
    this.#breaker = circuitBreaker(counts, {
      halfOpenAfter: this.#probesAfterMs,
      breaker:
        typeof opensAfter === 'number'
          ? new ConsecutiveBreaker(opensAfter)
          : new SamplingBreaker({
              threshold: opensAfter.share,
              duration: opensAfter.overMs,
              minimumRps: opensAfter.leastPerSecond,
            }),
    });
    this.#breaker.onBreak(() => {
      this.#lastOpenedAt = new Date();
    });
  }

  /** Runs work, or says why not. What the work throws is thrown on, and counts as a failure. */
  async run(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<GuardResult<T>> {
    if (signal.aborted) return { ok: false, code: 'cancelled' };
    try {
      const value = await this.#bulkhead.execute(
        () => this.#breaker.execute(() => this.#attempt(work, signal)),
        signal,
      );
      return { ok: true, value };
    } catch (error) {
      if (error instanceof FailedAnswer) return { ok: true, value: error.value as T };
      if (error instanceof BulkheadRejectedError) return { ok: false, code: 'overloaded' };
      if (error instanceof BrokenCircuitError) {
        return { ok: false, code: 'circuit_open', retryAfterMs: this.#untilProbe() };
      }
      if (error instanceof Cancelled || signal.aborted) return { ok: false, code: 'cancelled' };
      if (error instanceof TaskCancelledError) return { ok: false, code: 'timeout' };
      throw error;
    }
  }

  get state(): GuardState {
    if (this.#breaker.state === CircuitState.Open) return 'open';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half_open' : 'closed';
  }

  get health(): GuardHealth {
    return {
      state: this.state,
      freeSlots: this.#bulkhead.executionSlots,
      freeQueue: this.#bulkhead.queueSlots,
      lastOpenedAt: this.#lastOpenedAt,
    };
  }

  async #attempt(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    // Work that ignores its signal is left behind, so that it can't hold the caller.
    const limit = timeout(this.#options.timeoutMs, TimeoutStrategy.Aggressive);
    let expired = false;
    limit.onTimeout(() => {
      expired = true;
    });
    const value = await limit
      .execute(({ signal: limited }) => work(limited), signal)
      .catch((error: unknown) => {
        if (signal.aborted) throw new Cancelled();
        // Work that heeds its signal fails by it: the time is what was up.
        throw expired ? new TaskCancelledError() : error;
      });
    if (this.#isFailure(value)) throw new FailedAnswer(value);
    return value;
  }

  get #probesAfterMs(): number {
    return this.#options.probesAfterMs ?? 10_000;
  }

  #untilProbe(): number {
    if (this.#lastOpenedAt === null) return this.#probesAfterMs;
    return Math.max(0, this.#lastOpenedAt.getTime() + this.#probesAfterMs - Date.now());
  }
}
