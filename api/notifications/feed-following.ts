import type { Database } from '../../db/database.ts';
import { hearNotices } from '../../db/hear-notices.ts';
import { changedFeeds, readFeedEvents, type FeedPage } from '../../db/notifications/feed-events.ts';
import { feedChannel, feedKey } from '../../db/notifications/feed.repository.ts';
import { readNotice } from '../../db/notices.ts';
import { Failure } from '../../domain/failure.ts';
import type { Logger } from '../../platform/log.ts';
import { withoutLogFacts } from '../../platform/log-context.ts';
import { heartbeatMilliseconds, type ServerEvent } from '../realtime/event-stream.ts';
import { presentFeedEvent } from './feed.presenter.ts';
import { Follower } from './follower.ts';

const eventsAtOnce = 200;

/** What is committed while a notice is lost is found after that time. */
const sweepMilliseconds = 5_000;

interface FeedOwner {
  tenantId: string;
  userId: string;
}

export interface FeedFollowingOptions {
  heartbeatMilliseconds?: number;
  sweepMilliseconds?: number;
}

/**
 * Tells what happens to feeds, to whoever follows them in this process. The database is asked: whoever comes back, to whatever
 * process, goes on where it was. A notice of the commit wakes those whom it concerns, and a sweep, one query for all of them,
 * finds what a lost notice has left. Nothing is asked while nobody follows.
 */
export class FeedFollowing {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #heartbeat: number;
  readonly #sweepEvery: number;
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #stop = new AbortController();
  #listening: Promise<void> | null = null;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(parts: { database: Database; log: Logger }, options: FeedFollowingOptions = {}) {
    this.#database = parts.database;
    this.#log = parts.log;
    this.#heartbeat = options.heartbeatMilliseconds ?? heartbeatMilliseconds;
    this.#sweepEvery = options.sweepMilliseconds ?? sweepMilliseconds;
  }

  /**
   * What happens to a feed after a number, or from now on; and `count` at first and whenever something has happened. After
   * `reset` the feed is to be read anew: what has happened meanwhile can't be told.
   */
  async *events(
    owner: FeedOwner,
    after: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<ServerEvent | null> {
    const follower = this.#join(owner);
    let known = after;
    let counted: number | null = null;
    try {
      while (!signal.aborted) {
        // Before the look: what is committed during it must not be slept through.
        follower.rest();
        const page = await this.#read(owner, known);
        const { sequence, forgotten, unread, events } = page;
        if (known !== null && (known > sequence || known < forgotten)) {
          known = sequence;
          yield { id: sequence, event: 'reset', data: { unread } };
        } else if (events.length > 0) {
          for (const event of events) {
            known = event.sequence;
            yield { id: event.sequence, event: event.kind, data: presentFeedEvent(event) };
          }
          if (events.length === eventsAtOnce) continue;
          counted = null;
        }
        known ??= sequence;
        if (unread !== counted) yield { id: known, event: 'count', data: { unread } };
        counted = unread;
        follower.known = known;
        if (!(await follower.wait(this.#heartbeat, signal))) yield null;
      }
    } finally {
      this.#leave(follower);
    }
    const { reason } = signal;
    if (reason instanceof Failure)
      yield { id: known ?? 0, event: 'end', data: { code: reason.code, detail: reason.message } };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#sweeping);
    await this.#listening;
  }

  async #read(owner: FeedOwner, known: number | null): Promise<FeedPage> {
    const after = known ?? Number.MAX_SAFE_INTEGER;
    return await this.#database.read('notifications', ({ sql }) =>
      readFeedEvents(sql, owner, after, eventsAtOnce),
    );
  }

  #join({ tenantId, userId }: FeedOwner): Follower {
    const follower = new Follower(tenantId, userId);
    const key = feedKey(tenantId, userId);
    const all = this.#followers.get(key) ?? new Set();
    this.#followers.set(key, all.add(follower));
    // They go on for others when this one has gone.
    withoutLogFacts(() => {
      this.#listening ??= this.#listen();
      this.#sweeping ??= setInterval(() => void this.#sweep(), this.#sweepEvery).unref();
    });
    return follower;
  }

  #leave(follower: Follower): void {
    const key = feedKey(follower.tenantId, follower.userId);
    const all = this.#followers.get(key);
    all?.delete(follower);
    if (all?.size === 0) this.#followers.delete(key);
  }

  #wake(keys: Iterable<string>): void {
    for (const key of keys) for (const follower of this.#followers.get(key) ?? []) follower.wake();
  }

  async #listen(): Promise<void> {
    await hearNotices({
      url: this.#database.urlOf('notifications'),
      channel: feedChannel,
      applicationName: 'feeds',
      stop: this.#stop.signal,
      onListening: () => this.#wake(this.#followers.keys()),
      onNotice: (payload) => this.#wake(readNotice(payload).words),
      onProblem: (error) =>
        this.#log.warn({ err: error }, 'changes of feeds cannot be listened for; sweeping goes on'),
    });
  }

  async #sweep(): Promise<void> {
    const known = [...this.#followers.values()].flatMap((all) =>
      [...all].map(({ tenantId, userId, known: sequence }) => ({ tenantId, userId, sequence })),
    );
    if (known.length === 0) return;
    try {
      this.#wake(await this.#database.read('notifications', ({ sql }) => changedFeeds(sql, known)));
    } catch (error) {
      this.#log.warn({ err: error }, 'changes of feeds cannot be read; they will be looked for again');
    }
  }
}
