import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { claimSeconds } from '../../db/webhooks/claims.ts';
import { settle, type AttemptResult } from '../../db/webhooks/results.ts';
import type { Logger } from '../../platform/log.ts';
import { isBusy, isOutage } from '../../platform/outage.ts';

const atOnce = 200;
const retryMilliseconds = 250;

interface SettlementParts {
  database: Database;
  log: Logger;
  /** Each result once, when it is written down or given up. */
  onDone: (result: AttemptResult) => void;
}

/**
 * Writes down what attempts have come to, many in one transaction: whatever has gathered while the one before was
 * committed. While the database is away results are kept as long as their claims hold; after that others repeat the attempts.
 */
export class Settlements {
  readonly #parts: SettlementParts;
  #waiting: AttemptResult[] = [];
  /** When each result came, by this process's own time. */
  readonly #since = new WeakMap<AttemptResult, number>();
  #writing: Promise<void> | null = null;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  add(result: AttemptResult): void {
    this.#waiting.push(result);
    this.#since.set(result, performance.now());
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  /** When all that was added is written down, or given up. */
  async done(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const results = this.#waiting.splice(0, atOnce);
      const unwritten = await this.#write(results);
      if (unwritten.length === 0) continue;
      this.#waiting.unshift(...unwritten);
      await pause(retryMilliseconds);
    }
  }

  /** Gives those that are to be tried again. */
  async #write(results: AttemptResult[]): Promise<AttemptResult[]> {
    const { database, log, onDone } = this.#parts;
    try {
      const lost = await database.transaction('webhooks', (transaction) => settle(transaction, results));
      for (const { messageId, endpointId } of lost) {
        log.warn(
          { message_id: messageId, endpoint_id: endpointId },
          'an attempt ended after its claim was lost; it counts for nothing',
        );
      }
      for (const result of results) onDone(result);
      return [];
    } catch (error) {
      log.warn({ err: error, results: results.length }, 'results of webhooks could not be written');
      if (isOutage(error) || isBusy(error)) return this.#stillClaimed(results);
      // One of them is at fault: find it, and let the others pass.
      if (results.length > 1) {
        const each: AttemptResult[] = [];
        for (const result of results) each.push(...(await this.#write([result])));
        return each;
      }
      for (const result of results) onDone(result);
      return [];
    }
  }

  #stillClaimed(results: AttemptResult[]): AttemptResult[] {
    const earliest = performance.now() - claimSeconds * 1_000;
    const kept = results.filter((result) => (this.#since.get(result) ?? 0) > earliest);
    for (const result of results) if (!kept.includes(result)) this.#parts.onDone(result);
    return kept;
  }
}
