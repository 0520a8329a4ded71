import { createHash } from 'node:crypto';
import { Failure } from '../../failure.ts';
import { at, idOf } from './pointer.ts';
import type { DeliveryFacts, InboundRequest } from './request.ts';
import type { SourceRules } from './source.ts';
import { shopifyFacts } from './verify-shopify.ts';

/** Whether it has a form in which topics are kept. */
export function isTopic(text: string): boolean {
  return /^[\w./:-]{1,100}$/.test(text);
}

/**
 * What a verified delivery says of itself.
 *
 * @throws Failure `webhooks.header_missing` or `…body_unexpected` for one that does not say enough
 */
export function factsOf(source: SourceRules, request: InboundRequest, body: unknown): DeliveryFacts {
  const facts = source.kind === 'shopify' ? shopifyFacts(request) : factsInside(source, request, body);
  if (!isTopic(facts.topic)) throw unexpected('The topic has a form that is not taken.');
  if (facts.deliveryId.includes('\0') || facts.eventId.includes('\0'))
    throw unexpected('An ID holds U+0000.');
  return facts;
}

function factsInside(source: SourceRules, request: InboundRequest, body: unknown): DeliveryFacts {
  // Stripe and EasyPost send one event to one endpoint under one ID, however often.
  if (source.kind === 'stripe' || source.kind === 'easypost') {
    const eventId = idOf(at('/id', body));
    const topic = at(source.kind === 'stripe' ? '/type' : '/description', body);
    if (eventId === null || typeof topic !== 'string') throw unexpected('The body has no ID or no type.');
    return { deliveryId: eventId, eventId, topic };
  }
  const { reading, verifier } = source;
  const standard = verifier?.scheme === 'standard_webhooks';
  const tell = (locator: string | undefined): string | null =>
    locator === undefined ? null : idOf(valueAt(locator, request, body));
  const deliveryId =
    tell(reading.delivery_id ?? (standard ? 'header:webhook-id' : undefined)) ?? hashOf(request.body);
  return {
    deliveryId,
    eventId: tell(reading.event_id) ?? deliveryId,
    topic: tell(reading.topic ?? (standard ? '/type' : undefined)) ?? 'event',
  };
}

/** What a locator of a generic source names: a header, or a place in the body. */
export function valueAt(
  locator: string,
  { headers }: Pick<InboundRequest, 'headers'>,
  body: unknown,
): unknown {
  return locator.startsWith('header:') ? headers[locator.slice(7).toLowerCase()] : at(locator, body);
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function unexpected(message: string): Failure {
  return new Failure('webhooks.body_malformed', message);
}
