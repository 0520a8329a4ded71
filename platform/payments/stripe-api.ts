import type { z } from 'zod';
import { VendorApi, type Exchange } from '../http/vendor-api.ts';
import type { OutboundClient } from '../http/outbound.ts';
import type { PaymentResult } from './processor.ts';
import { resultOfError } from './stripe-errors.ts';
import { failedAnswer } from './stripe-objects.ts';

/** The version of the API whose answers are read: the account's own default may be another one, at any time. */
export const stripeVersion = '2026-02-25.clover';

export interface StripeOptions {
  /** `sk_…` or `rk_…`. */
  secretKey: string;
  /** Default https://api.stripe.com. */
  baseUrl?: string;
  client: OutboundClient;
  /** After this long an outcome is unknown. Default 20,000. */
  timeoutMs?: number;
  /** How many failures in a row open the circuit, default 10, and after how long it is probed, default 10,000. */
  opensAfter?: number;
  probesAfterMs?: number;
}

/** Parameters; those with no value are left out. */
export type Parameters = Readonly<Record<string, string | bigint | boolean | undefined>>;

export type Answer<T> = { ok: true; value: T } | { ok: false; result: PaymentResult; status: number | null };

/** Stripe's API by plain HTTPS: form fields out, JSON back, and what the answer means for money. */
export class StripeApi {
  readonly #api: VendorApi;

  constructor({ secretKey, baseUrl = 'https://api.stripe.com', client, ...limits }: StripeOptions) {
    this.#api = new VendorApi({
      baseUrl,
      client,
      headers: { authorization: `Bearer ${secretKey}`, 'stripe-version': stripeVersion },
      guard: {
        timeoutMs: limits.timeoutMs ?? 20_000,
        concurrency: 50,
        queue: 200,
        opensAfter: limits.opensAfter ?? 10,
        probesAfterMs: limits.probesAfterMs ?? 10_000,
      },
    });
  }

  async get<T extends z.ZodType>(
    path: string,
    query: Parameters,
    shape: T,
    signal?: AbortSignal,
  ): Promise<Answer<z.output<T>>> {
    const text = encode(query);
    const exchange = await this.#api.send({ method: 'GET', path: text ? `${path}?${text}` : path, signal });
    return read(exchange, shape);
  }

  /** @param key the idempotency key: Stripe keeps it for at least 24 hours, with the answer */
  async post<T extends z.ZodType>(
    path: string,
    fields: Parameters,
    key: string,
    shape: T,
    signal?: AbortSignal,
  ): Promise<Answer<z.output<T>>> {
    const exchange = await this.#api.send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': key },
      body: encode(fields),
      signal,
    });
    return read(exchange, shape);
  }
}

function read<T extends z.ZodType>(exchange: Exchange, shape: T): Answer<z.output<T>> {
  if (exchange.kind === 'unsent') {
    const { reason, retryAfterSeconds } = exchange;
    return { ok: false, status: null, result: { outcome: 'unavailable', reason, retryAfterSeconds } };
  }
  if (exchange.kind === 'lost')
    return { ok: false, status: null, result: { outcome: 'unknown', reason: exchange.reason } };
  const { status, body } = exchange;
  if (status >= 200 && status < 300) {
    const known = shape.safeParse(body);
    if (known.success) return { ok: true, value: known.data };
  }
  const failure = failedAnswer.safeParse(body);
  // Something between us and Stripe has answered, or Stripe in words that we don't know: it may have done its work.
  if (!failure.success)
    return { ok: false, status, result: { outcome: 'unknown', reason: 'answer_unreadable' } };
  return { ok: false, status, result: resultOfError(status, failure.data.error) };
}

function encode(parameters: Parameters): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) form.append(name, String(value));
  }
  return form.toString();
}
