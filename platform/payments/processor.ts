/** An amount in minor units (cents, yen, fils) of its currency. */
export interface Money {
  amount: bigint;
  /** ISO 4217, upper case. */
  currency: string;
}

/**
 * A call that can take effect. `key` is made of the business (`authorize:<orderId>`, `capture:<fulfillmentId>`,
 * `refund:<refundId>`), never of a run or an attempt: all calls with one key have one effect. Whoever sends a key again
 * sends the same parameters with it. At most 255 characters.
 */
export interface PaymentCall {
  key: string;
  signal?: AbortSignal;
}

export interface AuthorizeCall extends PaymentCall {
  money: Money;
  /** The processor's token of the means of payment, e.g. `pm_…`. Never a card's number. */
  paymentMethod: string;
  /** The processor's token of the customer, where the means of payment belongs to one. */
  customer?: string;
  /** What the processor keeps with the payment and tells in its events, e.g. `order_id`. No personal data. */
  facts?: Readonly<Record<string, string>>;
  /** Where the customer comes back to after an authentication. Without it one that is needed has a `clientSecret` only. */
  returnUrl?: string;
}

export interface CaptureCall extends PaymentCall {
  /** The reference of the authorisation. */
  payment: string;
  money: Money;
  /** False while more captures may follow; what is not captured is let go with the last. */
  final: boolean;
}

export interface VoidCall extends PaymentCall {
  /** The reference of the authorisation. */
  payment: string;
}

export interface RefundCall extends PaymentCall {
  /** The reference of the authorisation or of its capture: they are the same. */
  payment: string;
  money: Money;
}

/** Which call is looked for: the same key and payment as it was made with. */
export type PaymentLookup =
  | { operation: 'authorize'; key: string; sentAt: Date; signal?: AbortSignal }
  | { operation: 'capture' | 'void' | 'refund'; key: string; payment: string; signal?: AbortSignal };

/** Why the bank or the processor said no. What it does not know by name is `card_declined`. */
export type DeclineCode =
  | 'card_declined'
  | 'insufficient_funds'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'lost_or_stolen'
  | 'fraud_suspected'
  | 'authentication_failed'
  | 'payment_method_invalid'
  | 'currency_unsupported'
  | 'limit_exceeded'
  | 'try_again_later';

/** Why a call can never be made. */
export type RefusalCode =
  /** There is no such payment, or it is another account's. */
  | 'payment_not_found'
  /** It is not in a state for this: captured already, voided already, never authorised. */
  | 'payment_state'
  /** The hold is gone. */
  | 'authorization_expired'
  | 'amount_exceeded'
  | 'amount_too_small'
  | 'already_refunded'
  | 'payment_disputed'
  /** The key was used for something else. */
  | 'key_reused'
  /** Our own mistake, or the processor's. */
  | 'request_invalid'
  /** The API key is wrong or may not do this. */
  | 'credentials';

/**
 * What a call came to. Nothing but a bug is raised.
 *
 * | outcome           | money moved | what follows |
 * | ----------------- | ----------- | ------------ |
 * | `succeeded`       | yes         | settle it |
 * | `processing`      | later       | a webhook tells, or `find` |
 * | `requires_action` | no          | the customer authenticates; a webhook tells, or `find` |
 * | `declined`        | no, final   | another means of payment, under another key |
 * | `refused`         | no, final   | a person looks at it |
 * | `unavailable`     | no          | the same again, later, under the same key |
 * | `unknown`         | perhaps     | `find` until it says something else. Never another key, never a compensation |
 */
export type PaymentResult =
  | {
      outcome: 'succeeded';
      /** The processor's name for the call's subject: the payment (`pi_…`), of a refund the refund (`re_…`). */
      reference: string;
      /** What was authorised, captured, let go or refunded by this call. */
      money: Money;
      /** Of an authorisation: until when it holds, where the processor says. */
      expiresAt?: Date;
    }
  | { outcome: 'processing'; reference: string }
  | {
      outcome: 'requires_action';
      reference: string;
      /** Where to send the customer. */
      redirectUrl: string | null;
      /** For the processor's own page elements. For the customer's eyes only: never logged, never in an event. */
      clientSecret: string | null;
    }
  | { outcome: 'declined'; reference: string | null; code: DeclineCode; processorCode: string | null }
  | { outcome: 'refused'; code: RefusalCode; processorCode: string | null }
  | { outcome: 'unavailable'; reason: Unavailability; retryAfterSeconds: number | null }
  | { outcome: 'unknown'; reason: string };

/** Why nothing was done: nobody there, too much at once, or too many failures lately to be worth asking. */
export type Unavailability = 'unreachable' | 'rate_limited' | 'circuit_open' | 'overloaded' | 'cancelled';

/**
 * What has become of a call. `absent`: it never arrived; it may be made again, under the same key. `unknown`: the
 * processor could not be asked, or cannot tell yet; ask again later.
 */
export type LookupResult = Exclude<PaymentResult, { outcome: 'unavailable' }> | { outcome: 'absent' };

/** A payment as the processor sees it now. */
export interface PaymentState {
  reference: string;
  status: 'requires_action' | 'processing' | 'authorized' | 'captured' | 'voided' | 'failed';
  currency: string;
  /** All in minor units. */
  authorized: bigint;
  /** What of it can still be captured. */
  capturable: bigint;
  captured: bigint;
  /** Of what was captured. */
  refunded: bigint;
  facts: Readonly<Record<string, string>>;
}

/**
 * Takes and returns money. Every call goes in three steps that are the caller's: write down the call and its key, make
 * it, write down what it came to. One that ends as `unknown` is looked up (5 min, 1 h, then daily) until it is known.
 */
export interface PaymentProcessor {
  /** `stripe`, … */
  readonly name: string;
  /** Holds money on the customer's means of payment. */
  authorize(call: AuthorizeCall): Promise<PaymentResult>;
  /** Takes all or a part of what is held. */
  capture(call: CaptureCall): Promise<PaymentResult>;
  /** Lets go of what is held. One that was let go already has succeeded. */
  void(call: VoidCall): Promise<PaymentResult>;
  /** Gives back all or a part of what was captured. */
  refund(call: RefundCall): Promise<PaymentResult>;
  /** What has become of a call, by its key. Changes nothing. */
  find(lookup: PaymentLookup): Promise<LookupResult>;
  /** A payment by its reference; null when there is none. `unknown` when it can't be asked. */
  payment(reference: string, signal?: AbortSignal): Promise<PaymentState | null | 'unknown'>;
}
