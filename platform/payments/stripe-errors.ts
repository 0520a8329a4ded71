import type { DeclineCode, PaymentResult, RefusalCode } from './processor.ts';
import type { StripeError } from './stripe-objects.ts';

/** What banks say (docs.stripe.com/declines/codes). What is not listed is `card_declined`. */
const declines: Readonly<Record<string, DeclineCode>> = {
  authentication_required: 'authentication_failed',
  payment_intent_authentication_failure: 'authentication_failed',
  insufficient_funds: 'insufficient_funds',
  expired_card: 'expired_card',
  incorrect_cvc: 'incorrect_cvc',
  invalid_cvc: 'incorrect_cvc',
  lost_card: 'lost_or_stolen',
  stolen_card: 'lost_or_stolen',
  pickup_card: 'lost_or_stolen',
  fraudulent: 'fraud_suspected',
  merchant_blacklist: 'fraud_suspected',
  currency_not_supported: 'currency_unsupported',
  card_velocity_exceeded: 'limit_exceeded',
  withdrawal_count_limit_exceeded: 'limit_exceeded',
  processing_error: 'try_again_later',
  issuer_not_available: 'try_again_later',
  reenter_transaction: 'try_again_later',
  try_again_later: 'try_again_later',
  incorrect_number: 'payment_method_invalid',
  invalid_number: 'payment_method_invalid',
  invalid_account: 'payment_method_invalid',
  invalid_expiry_month: 'payment_method_invalid',
  invalid_expiry_year: 'payment_method_invalid',
  card_not_supported: 'payment_method_invalid',
};

/** Codes of requests that can't be (docs.stripe.com/error-codes). What is not listed is `request_invalid`. */
const refusals: Readonly<Record<string, RefusalCode>> = {
  resource_missing: 'payment_not_found',
  payment_intent_unexpected_state: 'payment_state',
  charge_already_captured: 'payment_state',
  charge_already_refunded: 'already_refunded',
  charge_disputed: 'payment_disputed',
  charge_expired_for_capture: 'authorization_expired',
  capture_charge_authorization_expired: 'authorization_expired',
  amount_too_small: 'amount_too_small',
  amount_too_large: 'amount_exceeded',
};

export function declineOf(error: Pick<StripeError, 'code' | 'decline_code'> | null | undefined): DeclineCode {
  return declines[error?.decline_code ?? ''] ?? declines[error?.code ?? ''] ?? 'card_declined';
}

/** What an answer of 4xx means. */
export function resultOfError(status: number, error: StripeError): PaymentResult {
  const processorCode = error.decline_code ?? error.code ?? null;
  // Another request under the key is being worked on.
  if (status === 409 || error.code === 'idempotency_key_in_use')
    return { outcome: 'unknown', reason: 'in_progress' };
  if (status === 402 || error.type === 'card_error') {
    const reference = error.payment_intent?.id ?? null;
    return { outcome: 'declined', reference, code: declineOf(error), processorCode };
  }
  return { outcome: 'refused', code: refusalOf(status, error), processorCode };
}

function refusalOf(status: number, error: StripeError): RefusalCode {
  if (status === 401 || status === 403) return 'credentials';
  if (error.type === 'idempotency_error') return 'key_reused';
  // A means of payment that is missing is a wrong request, not a missing payment.
  if (error.code === 'resource_missing' && error.param?.startsWith('payment_method'))
    return 'request_invalid';
  // A refund of more than is left has no code, only the parameter.
  return refusals[error.code ?? ''] ?? (error.param === 'amount' ? 'amount_exceeded' : 'request_invalid');
}
