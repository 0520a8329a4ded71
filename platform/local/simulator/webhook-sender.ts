import { setTimeout as pause } from 'node:timers/promises';
import type { Journal } from './journal.ts';

/** A webhook on its way. */
interface Delivery {
  id: string;
  url: string;
  body: string;
  /** What it is signed with; the signature is made anew at each attempt. */
  secret: string;
  attempts: number;
}

export interface WebhookSenderOptions {
  journal: Journal;
  sign(secret: string, body: string): Record<string, string>;
  /** Waits before the attempts after the first, in milliseconds. Then it is given up. */
  waits?: readonly number[];
}

const table = 'webhook_deliveries';

/**
 * Sends the vendor's webhooks, each to be answered with 2xx, and again after a growing while when it was not. What has not
 * arrived is kept, and goes on after a restart. As with real vendors, order is not promised.
 */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #dropped = 0;
  #copies = 1;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    for (const delivery of options.journal.list<Delivery>(table)) this.#start(delivery);
  }

  /** The next so many are lost. */
  drop(times: number): void {
    this.#dropped = times;
  }

  /** Each is sent so many times from now on. */
  repeat(times: number): void {
    this.#copies = times;
  }

  /** To be called in the turn in which the event is put into the journal, so that both are kept or neither is. */
  send(delivery: Omit<Delivery, 'attempts'>): void {
    if (this.#dropped > 0) {
      this.#dropped -= 1;
      return;
    }
    for (let copy = 0; copy < this.#copies; copy += 1) {
      const kept = { ...delivery, id: `${delivery.id}#${copy}`, attempts: 0 };
      this.#options.journal.put(table, kept.id, kept);
      this.#start(kept);
    }
  }

  /** Settles when everything that was sent has arrived, or was given up. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#underWay);
  }

  #start(delivery: Delivery): void {
    const work = this.#deliver(delivery).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error;
    });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { journal, waits = [500, 2_000, 10_000, 30_000, 60_000, 300_000] } = this.#options;
    // Nothing is told before it is kept.
    await journal.flush();
    for (;;) {
      if (await this.#attempt(delivery)) break;
      delivery.attempts += 1;
      const wait = waits[delivery.attempts - 1];
      if (wait === undefined) break;
      journal.put(table, delivery.id, delivery);
      await pause(wait, undefined, { signal: this.#stopping.signal });
    }
    journal.delete(table, delivery.id);
    await journal.flush();
  }

  async #attempt({ url, body, secret }: Delivery): Promise<boolean> {
    const { signal } = this.#stopping;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#options.sign(secret, body) },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch (error) {
      signal.throwIfAborted();
      // The receiver is away or slow: fetch says so by TypeError and by the signal's own error. Anything else is a bug.
      if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
        return false;
      throw error;
    }
  }
}
