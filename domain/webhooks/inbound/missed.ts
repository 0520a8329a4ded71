import { isTopic } from './delivery-facts.ts';
import { at, idOf, momentOf } from './pointer.ts';
import type { DeliveryFacts } from './request.ts';

/** An event that a provider has told when asked, as its webhook would have told it. */
export interface MissedEvent {
  facts: DeliveryFacts;
  /** What it speaks of and how new that is, where the provider lists things and not events; null for events. */
  entity: { kind: string; externalId: string; updatedAt: Date | null } | null;
  body: unknown;
}

export interface MissedPage {
  events: MissedEvent[];
  /** Address of the next page; null on the last. */
  next: string | null;
}

/** A time that a provider is asked about. */
export interface MissedTime {
  since: Date;
  /** Null: up to now. */
  until: Date | null;
}

const hourMilliseconds = 3_600_000;

/**
 * The hours since a moment, each to be asked about by itself: a provider that was away for days has more to tell than is gone
 * through at one time.
 */
export function missedHours(since: Date, now: Date): MissedTime[] {
  const hours: MissedTime[] = [];
  let from = since;
  for (; now.getTime() - from.getTime() > hourMilliseconds;) {
    const until = new Date(from.getTime() + hourMilliseconds);
    hours.push({ since: from, until });
    from = until;
  }
  return [...hours, { since: from, until: null }];
}

/** First pages of what has happened in a time, by kind of source. */
export function firstPages(
  kind: string,
  account: string | null,
  baseUrl: string | null,
  { since, until }: MissedTime,
): string[] {
  if (kind === 'stripe') {
    const seconds = (moment: Date): number => Math.floor(moment.getTime() / 1_000);
    const to = until ? `&created%5Blte%5D=${seconds(until)}` : '';
    const created = `created%5Bgte%5D=${seconds(since)}${to}`;
    return [`${baseUrl ?? 'https://api.stripe.com'}/v1/events?${created}&limit=100`];
  }
  const base = `${baseUrl ?? `https://${account ?? ''}`}/admin/api/2026-07`;
  const to = until ? `&updated_at_max=${encodeURIComponent(until.toISOString())}` : '';
  const updated = `updated_at_min=${encodeURIComponent(since.toISOString())}${to}`;
  return [
    `${base}/orders.json?status=any&limit=250&order=updated_at+asc&${updated}`,
    `${base}/products.json?limit=250&${updated}`,
  ];
}

/** How a provider wants to be asked. */
export function askingHeaders(kind: string, token: string): Record<string, string> {
  return kind === 'stripe' ? { authorization: `Bearer ${token}` } : { 'x-shopify-access-token': token };
}

/** A page of Stripe's `GET /v1/events`: events under the IDs that their webhooks have. */
export function stripePage(url: string, body: unknown): MissedPage {
  const list = at('/data', body);
  const events = (Array.isArray(list) ? list : []).flatMap((event: unknown) => {
    const id = idOf(at('/id', event));
    const topic = at('/type', event);
    if (id === null || typeof topic !== 'string' || !isTopic(topic)) return [];
    return [{ facts: { deliveryId: id, eventId: id, topic }, entity: null, body: event }];
  });
  const last = events.at(-1)?.facts.eventId;
  if (at('/has_more', body) !== true || last === undefined) return { events, next: null };
  const next = new URL(url);
  next.searchParams.set('starting_after', last);
  return { events, next: next.href };
}

/** A page of Shopify's orders or products: the state of each, as a webhook of its last change would have told it. */
export function shopifyPage(body: unknown, link: string | undefined): MissedPage {
  const kind = at('/orders', body) === undefined ? 'product' : 'order';
  const list = at(`/${kind}s`, body);
  const events = (Array.isArray(list) ? list : []).flatMap((item: unknown) => {
    const externalId = idOf(at('/id', item));
    if (externalId === null) return [];
    const updatedAt = momentOf(at('/updated_at', item));
    const id = `reconciled:${externalId}:${updatedAt?.toISOString() ?? ''}`;
    return [
      {
        facts: {
          deliveryId: id,
          eventId: id,
          topic: kind === 'order' ? 'orders/updated' : 'products/update',
        },
        entity: { kind, externalId, updatedAt },
        body: item,
      },
    ];
  });
  return { events, next: /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1] ?? null };
}
