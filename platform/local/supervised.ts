import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessExit } from './process.ts';

/** A part of the system while it runs. */
export interface RunningPart {
  /** Settles when the part has ended, for whatever reason. */
  exited: Promise<ProcessExit>;
  /** Ends it in order; harmless when it has ended already. */
  stop(): Promise<unknown>;
  /** Ends it at once. */
  kill(): void;
}

export interface Part {
  name: string;
  /** Starts it and waits until it serves. Rejects, with nothing left running, when it can't. */
  start(signal: AbortSignal): Promise<RunningPart>;
}

export interface PartEvents {
  /** It ended without being told to, and will be started again after this many seconds. */
  onCrash(name: string, how: string, seconds: number): void;
  onRestart(name: string): void;
}

/** The first wait after a crash, in seconds; it doubles with every crash in a row. */
const firstWait = 0.5;
const longestWait = 30;
/** A part that has run this long, in seconds, counts as recovered. */
const recoveredAfter = 60;

/** Keeps one part running: when it ends without being told to, it is started again, after a growing wait. */
export class Supervised {
  readonly name: string;
  readonly #part: Part;
  readonly #events: PartEvents;
  readonly #stopping = new AbortController();
  #running: RunningPart | null = null;
  #starting: Promise<RunningPart | null> = Promise.resolve(null);
  #watch: Promise<void> = Promise.resolve();

  constructor(part: Part, events: PartEvents) {
    this.name = part.name;
    this.#part = part;
    this.#events = events;
  }

  /** The first start. When it fails, nothing is started again: it is the caller's to say why, and to end the rest. */
  async start(): Promise<void> {
    const starting = this.#part.start(this.#stopping.signal);
    this.#starting = starting;
    const running = await starting;
    this.#running = running;
    this.#watch = this.#keepRunning(running);
  }

  /** Ends the part, in order, and for good. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error(`${this.name} is told to stop`));
    // A start that is under way sees the signal and cleans up after itself, or has just succeeded.
    const started = await this.#starting.catch(() => null);
    await (this.#running ?? started)?.stop();
    await this.#watch;
  }

  /** Ends the part at once, and for good. */
  kill(): void {
    this.#stopping.abort(new Error(`${this.name} is told to stop`));
    this.#running?.kill();
  }

  async #keepRunning(first: RunningPart): Promise<void> {
    const { signal } = this.#stopping;
    let running: RunningPart = first;
    let crashes = 0;
    for (;;) {
      const startedAt = Date.now();
      const exit = await running.exited;
      if (signal.aborted) return;
      // What the part holds beside its process (a lock, a socket) is given back before the next start.
      await running.stop();
      if (Date.now() - startedAt > recoveredAfter * 1000) crashes = 0;
      const next = await this.#restart(describeExit(exit), crashes);
      if (next === null) return;
      crashes = next.crashes;
      running = next.running;
      this.#running = running;
      this.#events.onRestart(this.name);
    }
  }

  /** Tries until it runs again; null when it is told to stop. */
  async #restart(
    how: string,
    crashesBefore: number,
  ): Promise<{ running: RunningPart; crashes: number } | null> {
    const { signal } = this.#stopping;
    for (let crashes = crashesBefore + 1; ; crashes += 1) {
      const wait = Math.min(firstWait * 2 ** (crashes - 1), longestWait);
      this.#events.onCrash(this.name, how, wait);
      try {
        await pause(wait * 1000, undefined, { signal });
        const running = await this.#part.start(signal);
        return { running, crashes };
      } catch (error) {
        if (signal.aborted) return null;
        how = error instanceof Error ? error.message : String(error);
      }
    }
  }
}

function describeExit({ code, signal }: ProcessExit): string {
  return signal ? `ended by ${signal}` : `ended with code ${code}`;
}
