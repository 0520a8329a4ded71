import type { ProcessExit } from '../../platform/local/process.ts';

/** What a part of the system is while it runs. */
interface Running {
  pid: number;
  exited: Promise<ProcessExit>;
  stop(): Promise<unknown>;
}

/** A process of the system under test, which a fault can befall, and which whoever heals the system starts again. */
export class Part {
  readonly name: string;
  readonly #start: () => Promise<Running>;
  #running: Running | null = null;

  constructor(name: string, start: () => Promise<Running>) {
    this.name = name;
    this.#start = start;
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    this.#running ??= await this.#start();
  }

  /** Ends it with no chance to put anything in order. */
  async kill(signal: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL'): Promise<void> {
    const running = this.#take();
    process.kill(running.pid, signal);
    await running.exited;
    // What it holds beside its process (a lock of its folder) is given back.
    await running.stop();
  }

  /** It goes on existing, with all its connections and locks, and does nothing. */
  freeze(): void {
    if (this.#running) process.kill(this.#running.pid, 'SIGSTOP');
  }

  thaw(): void {
    if (this.#running) process.kill(this.#running.pid, 'SIGCONT');
  }

  /** Ends it in order, if it runs. */
  async stop(): Promise<void> {
    this.thaw();
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }

  #take(): Running {
    if (!this.#running) throw new Error(`${this.name} is not running`);
    const running = this.#running;
    this.#running = null;
    return running;
  }
}
