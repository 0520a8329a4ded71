import type { SupervisorEvents } from './supervisor.ts';

/** What somebody who starts the system reads: one line for each thing done, and what is being waited for. */
export class ConsoleReporter implements SupervisorEvents {
  readonly #out: NodeJS.WriteStream;
  readonly #pending = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #terminal: boolean;
  #details = new Map<string, string>();
  #statusShown = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#terminal = out.isTTY === true;
    this.#timer = setInterval(() => this.#tick(), this.#terminal ? 200 : 5000);
    this.#timer.unref();
  }

  /** Says more about a part when it is ready: its address, for instance. */
  detail(name: string, text: string): void {
    this.#details.set(name, text);
  }

  line(text = ''): void {
    this.#clearStatus();
    this.#out.write(`${text}\n`);
  }

  onStart(name: string): void {
    this.#pending.set(name, Date.now());
  }

  onReady(name: string, seconds: number): void {
    this.#pending.delete(name);
    const detail = this.#details.get(name) ?? '';
    this.line(`  ${this.#green('✓')} ${name.padEnd(12)} ${detail.padEnd(44)} ${seconds.toFixed(1)} s`);
  }

  onCrash(name: string, how: string, seconds: number): void {
    this.line(`  ${this.#red('✗')} ${name} ${how.trim()}; starts again in ${seconds} s`);
  }

  onRestart(name: string): void {
    this.line(`  ${this.#green('✓')} ${name.padEnd(12)} runs again`);
  }

  onStopping(name: string): void {
    this.line(`  · ${name} stops`);
  }

  /** No more progress is shown. */
  close(): void {
    clearInterval(this.#timer);
    this.#clearStatus();
    this.#pending.clear();
  }

  #tick(): void {
    if (this.#pending.size === 0) return;
    const longest = Math.max(...[...this.#pending.values()].map((since) => Date.now() - since));
    const text = `  … ${[...this.#pending.keys()].join(', ')} (${Math.round(longest / 1000)} s)`;
    if (!this.#terminal) return this.line(text);
    this.#clearStatus();
    this.#out.write(text.slice(0, (this.#out.columns ?? 80) - 1));
    this.#statusShown = true;
  }

  #clearStatus(): void {
    if (!this.#statusShown) return;
    this.#out.write('\r\u001B[K');
    this.#statusShown = false;
  }

  #green(text: string): string {
    return this.#terminal ? `\u001B[32m${text}\u001B[0m` : text;
  }

  #red(text: string): string {
    return this.#terminal ? `\u001B[31m${text}\u001B[0m` : text;
  }
}
