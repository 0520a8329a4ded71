import { createHash } from 'node:crypto';
import type {
  AuthorizeCall,
  CaptureCall,
  LookupResult,
  PaymentLookup,
  PaymentProcessor,
  PaymentResult,
  PaymentState,
  RefundCall,
  VoidCall,
} from './processor.ts';
import { fromStripeAmount, toStripeAmount } from './stripe-amount.ts';
import { StripeApi, type StripeOptions } from './stripe-api.ts';
import { findAuthorization, findRefund, lookedUp } from './stripe-lookup.ts';
import { keyField, paymentIntent, refund } from './stripe-objects.ts';
import { resultOfIntent, resultOfRefund, stateOfIntent } from './stripe-results.ts';

const inexpressible: PaymentResult = { outcome: 'refused', code: 'request_invalid', processorCode: null };

/**
 * Stripe's PaymentIntents, captured by hand. What a call was is written into the metadata of what it changes: the keys by
 * which Stripe knows repetitions are pruned after a day, the metadata stay.
 */
export class StripeProcessor implements PaymentProcessor {
  readonly name = 'stripe';
  readonly #api: StripeApi;

  constructor(options: StripeOptions) {
    this.#api = new StripeApi(options);
  }

  async authorize(call: AuthorizeCall): Promise<PaymentResult> {
    const amount = toStripeAmount(call.money);
    if (amount === null) return inexpressible;
    const facts = Object.entries(call.facts ?? {}).map(([name, value]) => [`metadata[${name}]`, value]);
    const answer = await this.#api.post(
      '/v1/payment_intents',
      {
        amount,
        currency: call.money.currency.toLowerCase(),
        payment_method: call.paymentMethod,
        'payment_method_types[0]': 'card',
        'payment_method_options[card][request_multicapture]': 'if_available',
        capture_method: 'manual',
        confirm: true,
        customer: call.customer,
        return_url: call.returnUrl,
        ...Object.fromEntries(facts),
        [`metadata[${keyField}]`]: call.key,
        'expand[0]': 'latest_charge',
      },
      call.key,
      paymentIntent,
      call.signal,
    );
    return answer.ok ? resultOfIntent(answer.value) : answer.result;
  }

  async capture(call: CaptureCall): Promise<PaymentResult> {
    const amount = toStripeAmount(call.money);
    if (amount === null) return inexpressible;
    return await this.#capture(call, amount, call.final);
  }

  async void(call: VoidCall): Promise<PaymentResult> {
    const known = await this.#api.get(pathOf(call.payment), {}, paymentIntent, call.signal);
    if (!known.ok) return unchanged(known.result);
    const { value } = known;
    const voided = {
      outcome: 'succeeded',
      reference: value.id,
      money: fromStripeAmount(
        value.status === 'canceled' ? value.amount : value.amount_capturable,
        value.currency,
      ),
    } as const;
    if (value.status === 'canceled' || value.status === 'succeeded') {
      return value.status === 'canceled' || voidKey(value.metadata) !== undefined
        ? voided
        : { outcome: 'refused', code: 'payment_state', processorCode: null };
    }
    // After a partial capture what is left is let go by a last capture, of nothing.
    if (value.amount_received > 0) {
      const result = await this.#capture(call, 0n, true);
      return result.outcome === 'succeeded' ? voided : result;
    }
    const answer = await this.#api.post(
      `${pathOf(call.payment)}/cancel`,
      {},
      call.key,
      paymentIntent,
      call.signal,
    );
    return answer.ok ? voided : answer.result;
  }

  async refund(call: RefundCall): Promise<PaymentResult> {
    const amount = toStripeAmount(call.money);
    if (amount === null) return inexpressible;
    const answer = await this.#api.post(
      '/v1/refunds',
      { payment_intent: call.payment, amount, [`metadata[${keyField}]`]: call.key },
      call.key,
      refund,
      call.signal,
    );
    return answer.ok ? resultOfRefund(answer.value) : answer.result;
  }

  async find(lookup: PaymentLookup): Promise<LookupResult> {
    if (lookup.operation === 'authorize') return await findAuthorization(this.#api, lookup);
    if (lookup.operation === 'refund') return await findRefund(this.#api, lookup);
    const answer = await this.#api.get(pathOf(lookup.payment), {}, paymentIntent, lookup.signal);
    if (!answer.ok) return lookedUp(answer.result);
    const { id, status, amount, currency, metadata } = answer.value;
    if (lookup.operation === 'void' && status === 'canceled')
      return { outcome: 'succeeded', reference: id, money: fromStripeAmount(amount, currency) };
    const captured = metadata[captureField(lookup.key)];
    if (captured === undefined) return { outcome: 'absent' };
    return { outcome: 'succeeded', reference: id, money: fromStripeAmount(Number(captured), currency) };
  }

  async payment(reference: string, signal?: AbortSignal): Promise<PaymentState | null | 'unknown'> {
    const answer = await this.#api.get(
      pathOf(reference),
      { 'expand[0]': 'latest_charge' },
      paymentIntent,
      signal,
    );
    if (answer.ok) return stateOfIntent(answer.value);
    return answer.status === 404 ? null : 'unknown';
  }

  async #capture(
    call: { key: string; payment: string; signal?: AbortSignal },
    amount: bigint,
    final: boolean,
  ): Promise<PaymentResult> {
    const answer = await this.#api.post(
      `${pathOf(call.payment)}/capture`,
      {
        amount_to_capture: amount,
        final_capture: final,
        [`metadata[${captureField(call.key)}]`]: amount,
      },
      call.key,
      paymentIntent,
      call.signal,
    );
    if (!answer.ok) return answer.result;
    const { id, currency } = answer.value;
    return { outcome: 'succeeded', reference: id, money: fromStripeAmount(Number(amount), currency) };
  }
}

/** One field of an intent for each of its captures: names of metadata have 40 characters at most, so the key is hashed. */
function captureField(key: string): string {
  return `capture_${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

/** A last capture of nothing. */
function voidKey(metadata: Record<string, string>): string | undefined {
  return Object.keys(metadata).find((name) => name.startsWith('capture_') && metadata[name] === '0');
}

/** Only asked, not told: an unknown answer to that has changed nothing. */
function unchanged(result: PaymentResult): PaymentResult {
  if (result.outcome !== 'unknown') return result;
  return { outcome: 'unavailable', reason: 'unreachable', retryAfterSeconds: null };
}

function pathOf(reference: string): string {
  return `/v1/payment_intents/${encodeURIComponent(reference)}`;
}
