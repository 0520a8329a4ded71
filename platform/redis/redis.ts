import { createHash } from 'node:crypto';
import { createClient } from '@redis/client';
import { describeError, type Logger } from '../log.ts';
import { Guard } from '../resilience/guard.ts';

/** Redis did not do what it was asked, for whatever reason. Whoever asked does it another way. */
export class RedisUnavailable extends Error {}

/** Work that Redis does in one step, in Lua. */
export interface RedisScript {
  text: string;
  sha: string;
}

export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Redis holds what spares work, never a record, so nobody waits for it longer than the other way would take. */
const patienceMilliseconds = 500;
const guardOptions = { concurrency: 10_000, opensAfter: 3, probesAfterMs: 1_000 };
const connectMilliseconds = 2_000;
const longestPauseMilliseconds = 2_000;

/**
 * A connection to one Redis that may be away at any time: what is asked then fails at once with `RedisUnavailable`, and
 * works again within seconds of its return. Its going and coming are logged once each.
 */
export class Redis {
  readonly #client: ReturnType<typeof clientOf>;
  readonly #guard: Guard<unknown>;
  readonly #open = new AbortController();
  readonly #log: Logger;
  #away = false;

  private constructor(url: string, log: Logger, timeoutMs: number) {
    this.#client = clientOf(url);
    this.#guard = new Guard<unknown>({ ...guardOptions, timeoutMs }, () => false);
    this.#log = log;
    // Told when a command fails; without a listener a broken connection would end the process.
    this.#client.on('error', () => undefined);
  }

  /** Connects. A Redis that is away is no fault: the connection is made when it comes. */
  static async open(url: string, log: Logger, timeoutMs = patienceMilliseconds): Promise<Redis> {
    const redis = new Redis(url, log, timeoutMs);
    const tried = Promise.withResolvers<void>();
    redis.#client.once('error', () => tried.resolve());
    // It goes on trying until it is connected, or closed: then it rejects.
    redis.#client.connect().then(
      () => tried.resolve(),
      () => tried.resolve(),
    );
    await tried.promise;
    return redis;
  }

  /** @throws RedisUnavailable */
  async run(script: RedisScript, keys: string[], values: string[]): Promise<unknown> {
    return await this.#guarded(async () => {
      const options = { keys, arguments: values };
      try {
        return await this.#client.evalSha(script.sha, options);
      } catch (error) {
        // It has forgotten its scripts, as after a restart.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await this.#client.eval(script.text, options);
      }
    });
  }

  /** @throws RedisUnavailable */
  async ping(): Promise<void> {
    await this.#guarded(() => this.#client.ping());
  }

  async close(): Promise<void> {
    this.#open.abort();
    this.#client.destroy();
  }

  async #guarded(work: () => Promise<unknown>): Promise<unknown> {
    let cause: unknown;
    try {
      const result = await this.#guard.run(work, this.#open.signal);
      if (result.ok) {
        if (this.#away) this.#log.info('Redis is back');
        this.#away = false;
        return result.value;
      }
      cause = result.code;
    } catch (error) {
      cause = describeError(error);
    }
    if (!this.#away) this.#log.warn({ cause }, 'Redis is away; PostgreSQL does its work');
    this.#away = true;
    throw new RedisUnavailable('Redis is away.');
  }
}

function clientOf(url: string) {
  return createClient({
    url,
    name: 'perdure',
    // What can't be sent now is done another way.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: connectMilliseconds,
      keepAlive: true,
      reconnectStrategy: (retries) => Math.min(longestPauseMilliseconds, 50 * 2 ** Math.min(retries, 10)),
    },
    // A server that is gone without a word is noticed, and connected to anew.
    pingInterval: 10_000,
  });
}
