import { z } from 'zod';

/** Where intents and refunds carry the key of the call that made them, so that they can be found by it. */
export const keyField = 'idempotency_key';

/** The parts of Stripe's objects that are read. Everything else in them is left alone. */
const stripeError = z.object({
  type: z.string(),
  code: z.string().nullish(),
  decline_code: z.string().nullish(),
  param: z.string().nullish(),
});

export const paymentIntent = z.object({
  id: z.string(),
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ]),
  amount: z.int(),
  amount_capturable: z.int(),
  amount_received: z.int(),
  currency: z.string(),
  client_secret: z.string().nullish(),
  metadata: z.record(z.string(), z.string()),
  last_payment_error: stripeError.nullish(),
  next_action: z.object({ redirect_to_url: z.object({ url: z.string().nullish() }).nullish() }).nullish(),
  /** An id, or the charge where it was asked for. */
  latest_charge: z
    .union([
      z.string(),
      z.object({
        id: z.string(),
        amount_refunded: z.int(),
        payment_method_details: z
          .object({ card: z.object({ capture_before: z.int().nullish() }).nullish() })
          .nullish(),
      }),
    ])
    .nullish(),
});
export type PaymentIntent = z.output<typeof paymentIntent>;

export const refund = z.object({
  id: z.string(),
  status: z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled']).nullish(),
  amount: z.int(),
  currency: z.string(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  /** What it has moved; null where it has moved nothing. */
  balance_transaction: z.unknown().optional(),
});
export type Refund = z.output<typeof refund>;

const paymentIntentId = z.string().nullish();

/** What an event tells of a refund, or of all refunds of a charge. Since version 2022-11-15 charges don't list them. */
export const refundEvent = z.object({
  data: z.object({
    object: z.discriminatedUnion('object', [
      refund.extend({
        object: z.literal('refund'),
        payment_intent: paymentIntentId,
        charge: z.string().nullish(),
      }),
      z.object({
        object: z.literal('charge'),
        id: z.string(),
        payment_intent: paymentIntentId,
        amount: z.int().nullish(),
        amount_captured: z.int().nullish(),
        amount_refunded: z.int(),
        currency: z.string(),
        refunds: z.object({ data: z.array(refund).max(100) }).nullish(),
      }),
    ]),
  }),
});

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), has_more: z.boolean() });

export const failedAnswer = z.object({
  error: stripeError.extend({ payment_intent: z.object({ id: z.string() }).nullish() }),
});
export type StripeError = z.output<typeof failedAnswer>['error'];
