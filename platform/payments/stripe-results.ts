import type { PaymentResult, PaymentState } from './processor.ts';
import { fromStripeAmount } from './stripe-amount.ts';
import { declineOf } from './stripe-errors.ts';
import type { PaymentIntent, Refund } from './stripe-objects.ts';

/** What an authorisation has come to, by the state of its intent. */
export function resultOfIntent(intent: PaymentIntent): Exclude<PaymentResult, { outcome: 'unavailable' }> {
  const { id, status, latest_charge: charge, last_payment_error: error } = intent;
  switch (status) {
    case 'requires_capture':
    case 'succeeded': {
      const before =
        typeof charge === 'object' ? charge?.payment_method_details?.card?.capture_before : undefined;
      return {
        outcome: 'succeeded',
        reference: id,
        money: fromStripeAmount(intent.amount, intent.currency),
        ...(before ? { expiresAt: new Date(before * 1000) } : {}),
      };
    }
    case 'processing':
      return { outcome: 'processing', reference: id };
    case 'requires_action':
      return {
        outcome: 'requires_action',
        reference: id,
        redirectUrl: intent.next_action?.redirect_to_url?.url ?? null,
        clientSecret: intent.client_secret ?? null,
      };
    case 'requires_payment_method': {
      const processorCode = error?.decline_code ?? error?.code ?? null;
      return { outcome: 'declined', reference: id, code: declineOf(error), processorCode };
    }
    case 'canceled':
      return { outcome: 'refused', code: 'authorization_expired', processorCode: null };
    case 'requires_confirmation':
      return { outcome: 'unknown', reason: 'not_confirmed' };
  }
}

export function resultOfRefund(made: Refund): Exclude<PaymentResult, { outcome: 'unavailable' }> {
  const { id, status, amount, currency } = made;
  if (status === 'failed' || status === 'canceled') {
    const processorCode = made.failure_reason ?? null;
    return { outcome: 'declined', reference: id, code: 'card_declined', processorCode };
  }
  if (status === 'succeeded')
    return { outcome: 'succeeded', reference: id, money: fromStripeAmount(amount, currency) };
  return { outcome: 'processing', reference: id };
}

const statuses: Readonly<Record<PaymentIntent['status'], PaymentState['status']>> = {
  requires_payment_method: 'failed',
  requires_confirmation: 'processing',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'authorized',
  succeeded: 'captured',
  canceled: 'voided',
};

export function stateOfIntent(intent: PaymentIntent): PaymentState {
  const { id, status, currency, latest_charge: charge } = intent;
  const of = (amount: number) => fromStripeAmount(amount, currency).amount;
  return {
    reference: id,
    status: statuses[status],
    currency: currency.toUpperCase(),
    authorized: of(intent.amount),
    capturable: of(intent.amount_capturable),
    captured: of(intent.amount_received),
    refunded: of(typeof charge === 'object' ? (charge?.amount_refunded ?? 0) : 0),
    facts: intent.metadata,
  };
}
