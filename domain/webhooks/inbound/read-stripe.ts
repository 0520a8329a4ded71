import { at, idOf, momentOf } from './pointer.ts';
import { textAt } from './read-shopify.ts';
import { required, type Readable, type Reading } from './reading.ts';

interface Meaning {
  event: string;
  /** Among events of one second, in which order they can have happened. */
  rank: number;
  final?: true;
}

const meanings: Readonly<Record<string, Meaning>> = {
  'payment_intent.created': { event: 'webhook.payment_created', rank: 0 },
  'payment_intent.requires_action': { event: 'webhook.payment_action_required', rank: 1 },
  'payment_intent.processing': { event: 'webhook.payment_processing', rank: 2 },
  'payment_intent.payment_failed': { event: 'webhook.payment_failed', rank: 3 },
  'payment_intent.partially_funded': { event: 'webhook.payment_processing', rank: 3 },
  'payment_intent.amount_capturable_updated': { event: 'webhook.payment_authorized', rank: 4 },
  'payment_intent.succeeded': { event: 'webhook.payment_succeeded', rank: 9, final: true },
  'payment_intent.canceled': { event: 'webhook.payment_canceled', rank: 9, final: true },
  'refund.created': { event: 'webhook.payment_refunded', rank: 0 },
  'refund.failed': { event: 'webhook.payment_refunded', rank: 2, final: true },
  'checkout.session.completed': { event: 'webhook.payment_checkout_completed', rank: 1 },
  'checkout.session.expired': { event: 'webhook.payment_checkout_expired', rank: 1, final: true },
};

/** By the first words of a type. */
const families: readonly (readonly [string, string])[] = [
  ['charge.dispute.', 'webhook.payment_disputed'],
  ['charge.refund', 'webhook.payment_refunded'],
  ['refund.', 'webhook.payment_refunded'],
  ['charge.', 'webhook.payment_charged'],
  ['payout.', 'webhook.payout_updated'],
];

/** Reads the events of payments, refunds, disputes and payouts. */
export function readStripe({ topic, body }: Readable): Reading | null {
  const family = families.find(([start]) => topic.startsWith(start));
  const meaning = meanings[topic] ?? (family ? { event: family[1], rank: 1 } : null);
  if (!meaning) return null;
  const object = required(at('/data/object', body), 'data.object');
  const kind = required(textAt('/object', object) ?? topic.split('.')[0], 'data.object.object');
  const externalId = idOf(at('/id', object)) ?? idOf(at('/charge', object));
  return {
    event: meaning.event,
    entity: { kind: kind.replaceAll('.', '_'), externalId: required(externalId, 'data.object.id') },
    occurredAt: momentOf(at('/created', body)),
    rank: meaning.rank,
    final: meaning.final === true,
    subjects: kind === 'payout' ? [] : subjectsOf(kind, object),
    facts: {
      status: textAt('/status', object),
      amount: amountAt('/amount', object),
      amount_received: amountAt('/amount_received', object),
      amount_captured: amountAt('/amount_captured', object),
      amount_refunded: amountAt('/amount_refunded', object),
      currency: textAt('/currency', object),
      payment_intent: idOf(at('/payment_intent', object)),
      charge: idOf(at('/charge', object)),
      reason: textAt('/reason', object),
      failure_code:
        textAt('/last_payment_error/code', object) ??
        textAt('/failure_code', object) ??
        textAt('/failure_reason', object),
    },
  };
}

/** The names under which an order may know its payment: the intent, the charge, the order that its metadata name. */
function subjectsOf(kind: string, object: unknown): string[] {
  const own = idOf(at('/id', object));
  const intent = kind === 'payment_intent' ? own : idOf(at('/payment_intent', object));
  const charge = kind === 'charge' ? own : idOf(at('/charge', object));
  const order = idOf(at('/metadata/order_id', object));
  const subjects = [
    ...(intent === null ? [] : [`stripe:payment_intent:${intent}`]),
    ...(charge === null ? [] : [`stripe:charge:${charge}`]),
    ...(order === null ? [] : [`order:${order}`]),
  ];
  // A dispute or refund of a charge that is told by nothing else.
  return subjects.length > 0 ? subjects : [`stripe:${kind}:${own ?? ''}`];
}

/** Stripe's amounts are whole numbers of the smallest unit; as text, like all amounts. */
function amountAt(pointer: string, object: unknown): string | null {
  return idOf(at(pointer, object));
}
