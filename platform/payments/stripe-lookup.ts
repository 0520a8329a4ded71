import type { LookupResult, PaymentLookup, PaymentResult } from './processor.ts';
import type { StripeApi } from './stripe-api.ts';
import { keyField, page, paymentIntent, refund } from './stripe-objects.ts';
import { resultOfIntent, resultOfRefund } from './stripe-results.ts';

const intents = page(paymentIntent);
const refunds = page(refund);

/** Stripe's search lags behind, "under a minute" as a rule and longer when Stripe is in trouble. */
const searchLagSeconds = 3_600;
/** Clocks differ. */
const skewSeconds = 300;
const mostPages = 20;

/**
 * The intent that carries a key: by search, and, since search lags, by going through those made around then. Neither
 * changes anything.
 */
export async function findAuthorization(
  api: StripeApi,
  { key, sentAt, signal }: Extract<PaymentLookup, { operation: 'authorize' }>,
): Promise<LookupResult> {
  const query = `metadata['${keyField}']:'${key.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
  const searched = await api.get('/v1/payment_intents/search', { query, limit: '10' }, intents, signal);
  if (!searched.ok) return lookedUp(searched.result);
  const [hit] = searched.value.data;
  if (hit) return resultOfIntent(hit);
  const sent = Math.floor(sentAt.getTime() / 1000);
  let after: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const listed = await api.get(
      '/v1/payment_intents',
      {
        'created[gte]': String(sent - skewSeconds),
        'created[lte]': String(sent + searchLagSeconds),
        limit: '100',
        starting_after: after,
      },
      intents,
      signal,
    );
    if (!listed.ok) return lookedUp(listed.result);
    const found = listed.value.data.find(({ metadata }) => metadata[keyField] === key);
    if (found) return resultOfIntent(found);
    if (!listed.value.has_more) return { outcome: 'absent' };
    after = listed.value.data.at(-1)?.id;
  }
  // Too many to go through: search tells, once it must have caught up.
  const caughtUp = Date.now() > (sent + searchLagSeconds) * 1000;
  return caughtUp ? { outcome: 'absent' } : { outcome: 'unknown', reason: 'search_lag' };
}

export async function findRefund(
  api: StripeApi,
  { key, payment, signal }: { key: string; payment: string; signal?: AbortSignal },
): Promise<LookupResult> {
  let after: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const listed = await api.get(
      '/v1/refunds',
      { payment_intent: payment, limit: '100', starting_after: after },
      refunds,
      signal,
    );
    if (!listed.ok) return lookedUp(listed.result);
    const found = listed.value.data.find(({ metadata }) => metadata?.[keyField] === key);
    if (found) return resultOfRefund(found);
    if (!listed.value.has_more) return { outcome: 'absent' };
    after = listed.value.data.at(-1)?.id;
  }
  // More than any payment has.
  return { outcome: 'unknown', reason: 'list_without_end' };
}

/** A question that was not answered has found nothing out. */
export function lookedUp(result: PaymentResult): LookupResult {
  if (result.outcome === 'unavailable') return { outcome: 'unknown', reason: result.reason };
  return result;
}
