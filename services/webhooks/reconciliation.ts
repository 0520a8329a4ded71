import type { Database } from '../../db/database.ts';
import {
  knownEntities,
  noteReconciliation,
  takeSourceToReconcile,
} from '../../db/webhooks/source-reconciliation.ts';
import type { StoredSource } from '../../db/webhooks/source.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { parseExact } from '../../domain/webhooks/inbound/exact-json.ts';
import {
  askingHeaders,
  firstPages,
  missedHours,
  shopifyPage,
  stripePage,
  type MissedEvent,
  type MissedPage,
} from '../../domain/webhooks/inbound/missed.ts';
import type { Config } from '../../platform/config.ts';
import { OutboundClient } from '../../platform/http/outbound.ts';
import type { Logger } from '../../platform/log.ts';
import { InboundIntake } from './inbound-intake.ts';
import type { SourceSecrets } from './source-secrets.ts';

/** How often each source is asked, and how far a look reaches back behind the last one. */
const everyMinutes = 15;
const overlapMilliseconds = 10 * 60_000;
const mostPages = 200;
const mostBytes = 16 * 1_048_576;

/** One that answers slowly, page after page, takes one of these places for so long, and nobody else's. */
const sourcesAtOnce = 8;
const mostMinutes = 5;

export interface Reconciliation {
  run(signal: AbortSignal): Promise<{ asked: number; failed: number; found: number }>;
  close(): Promise<void>;
}

/**
 * Asks providers for what their webhooks have not told: of Stripe the list of events, of Shopify what has changed. What is
 * found is logged as a delivery is, under the provider's own IDs, so that one that comes late after all has no second effect.
 */
export function createReconciliation(parts: {
  database: Database;
  secrets: SourceSecrets;
  config: Pick<Config, 'OUTBOUND_ALLOW_PRIVATE'>;
  log: Logger;
}): Reconciliation {
  const { database, secrets, config, log } = parts;
  const outbound = new OutboundClient({ allowPrivate: config.OUTBOUND_ALLOW_PRIVATE });
  const intake = new InboundIntake(database, secrets);

  async function ask(
    source: StoredSource,
    url: string,
    token: string,
    signal: AbortSignal,
  ): Promise<MissedPage> {
    const answer = await outbound.send({
      url,
      hosts: 'any',
      headers: { accept: 'application/json', ...askingHeaders(source.kind, token) },
      maxResponseBytes: mostBytes,
      maxRedirects: 0,
      timeoutMs: 30_000,
      signal,
    });
    if (!answer.ok) throw new Failure('webhooks.provider_failed', answer.message);
    if (answer.status !== 200) {
      throw new Failure('webhooks.provider_failed', `The provider answered ${answer.status}.`);
    }
    const body = parseExact(answer.body.toString('utf8'));
    return source.kind === 'stripe' ? stripePage(url, body) : shopifyPage(body, answer.headers['link']);
  }

  async function take(source: StoredSource, events: readonly MissedEvent[]): Promise<number> {
    const listed = events.flatMap(({ entity }) => entity ?? []);
    const known = await database.read('webhooks', ({ sql }) => knownEntities(sql, source.id, listed));
    let found = 0;
    for (const { facts, entity, body } of events) {
      if (entity && known.has(`${entity.kind}:${entity.externalId}`)) continue;
      const { newEvent } = await intake.log(source, facts, JSON.stringify(body));
      if (newEvent) found += 1;
    }
    return found;
  }

  /** The token goes to the host that was named, and to no other that a page might lead to. */
  function sameHost(url: string, first: string): string {
    if (new URL(url).host !== new URL(first).host) {
      throw new Failure('webhooks.provider_failed', 'The next page lies on another host.');
    }
    return url;
  }

  async function reconcile(source: StoredSource, signal: AbortSignal): Promise<number> {
    const late = AbortSignal.timeout(mostMinutes * 60_000);
    const asking = AbortSignal.any([signal, late]);
    const { token, base_url } = secrets.openCredentials(source, source.credentials ?? '');
    const now = new Date();
    const since = new Date(
      new Date(source.reconciledUntil ?? source.createdAt).getTime() - overlapMilliseconds,
    );

    /** All pages of a list. */
    const takeAll = async (first: string): Promise<number> => {
      let found = 0;
      let url: string | null = first;
      for (let page = 0; url !== null; page += 1) {
        signal.throwIfAborted();
        if (late.aborted)
          throw new Failure('webhooks.provider_failed', `It took more than ${mostMinutes} minutes.`);
        if (page === mostPages) throw new Failure('webhooks.provider_failed', 'There are too many pages.');
        const { events, next }: MissedPage = await ask(source, sameHost(url, first), token, asking);
        found += await take(source, events);
        url = next;
      }
      return found;
    };

    let found = 0;
    for (const time of missedHours(since, now)) {
      for (const first of firstPages(source.kind, source.account, base_url, time))
        found += await takeAll(first);
      // Hour by hour, so that the next look goes on where this one breaks off.
      const until = time.until ?? now;
      await database.transaction('webhooks', ({ sql }) => noteReconciliation(sql, source.id, { until }));
    }
    return found;
  }

  /** Asks for one source after another that is due, until none is left. */
  async function askAll(
    sum: { asked: number; failed: number; found: number },
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const source = await database.transaction('webhooks', ({ sql }) =>
        takeSourceToReconcile(sql, everyMinutes),
      );
      if (!source) return;
      sum.asked += 1;
      try {
        const found = await reconcile(source, signal);
        sum.found += found;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        sum.failed += 1;
        log.warn({ source_id: source.id, code: error.code }, 'a provider could not be asked');
        await database.transaction('webhooks', ({ sql }) =>
          noteReconciliation(sql, source.id, { error: error.message }),
        );
      }
    }
  }

  return {
    run: async (signal) => {
      const sum = { asked: 0, failed: 0, found: 0 };
      const asking = Array.from({ length: sourcesAtOnce }, () => askAll(sum, signal));
      const ended = await Promise.allSettled(asking);
      // Only when all have ended, as what they ask with is closed after that.
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
      return sum;
    },
    close: () => outbound.close(),
  };
}
