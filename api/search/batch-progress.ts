import type { Batch } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { batchState, isFinished } from '../../domain/search/batch.ts';
import type { Services } from '../services.ts';
import { presentBatch } from './batch.presenter.ts';
import { heartbeatMilliseconds, type ServerEvent } from '../realtime/event-stream.ts';
import { ProgressFeed } from './progress-feed.ts';

/** Follows batches for callers that wait for them or watch them. */
export class BatchProgress {
  readonly #services: Services;
  readonly #feed: ProgressFeed<Batch>;

  constructor(services: Services) {
    this.#services = services;
    this.#feed = new ProgressFeed(
      (known) => services.database.read('search', ({ sql }) => new BatchRepository(sql).newerThan(known)),
      services.log,
    );
  }

  /** The batch once it has ended, or as it is when the time is over. */
  async ended(tenantId: string, id: string, seconds: number, signal: AbortSignal): Promise<Batch> {
    const until = performance.now() + seconds * 1_000;
    let batch = await this.#get(tenantId, id);
    while (!isFinished(batch.phase) && performance.now() < until && !signal.aborted) {
      batch = (await this.#feed.next(id, batch.revision, until - performance.now(), signal)) ?? batch;
    }
    return batch;
  }

  /**
   * What happens to a batch: every entry of its history after a revision as `state`, its progress as `progress` whenever
   * it has changed, and `end` when it has ended. Null is a sign of life.
   */
  async *events(batch: Batch, after: number, signal: AbortSignal): AsyncGenerator<ServerEvent | null> {
    let now: Batch | null = batch;
    let known = after;
    while (!signal.aborted) {
      if (now === null) yield null;
      else {
        for (const { revision, type, data, occurredAt } of await this.#history(batch.id, known)) {
          // What has come since the batch was read is told with the next look at it, or it would be told twice.
          if (revision > now.revision) break;
          yield { id: revision, event: 'state', data: { type, at: occurredAt, ...data } };
        }
        const over = isFinished(now.phase);
        if (now.revision > known || over)
          yield { id: now.revision, event: 'progress', data: presentBatch(now) };
        known = Math.max(known, now.revision);
        if (over) {
          yield { id: now.revision, event: 'end', data: { state: batchState(now) } };
          return;
        }
      }
      now = await this.#feed.next(batch.id, known, heartbeatMilliseconds, signal);
    }
  }

  async #get(tenantId: string, id: string): Promise<Batch> {
    return await this.#services.database.read('search', ({ sql }) =>
      new BatchRepository(sql).get(tenantId, id),
    );
  }

  async #history(id: string, after: number): ReturnType<BatchRepository['events']> {
    return await this.#services.database.read('search', ({ sql }) =>
      new BatchRepository(sql).events(id, after),
    );
  }
}
