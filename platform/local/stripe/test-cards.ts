import type { Fault } from '../simulator/faults.ts';

/** How a means of payment behaves. The tokens are Stripe's own for tests (docs.stripe.com/testing). */
export interface TestCard {
  decline?: { code: string; decline_code?: string };
  authentication?: true;
  refunds?: 'pending' | 'failed';
}

const declined = (decline_code: string): TestCard => ({ decline: { code: 'card_declined', decline_code } });

export const testCards: Readonly<Record<string, TestCard>> = {
  pm_card_visa: {},
  pm_card_visa_debit: {},
  pm_card_mastercard: {},
  pm_card_amex: {},
  pm_card_visa_chargeDeclined: declined('generic_decline'),
  pm_card_chargeDeclined: declined('generic_decline'),
  pm_card_visa_chargeDeclinedInsufficientFunds: declined('insufficient_funds'),
  pm_card_chargeDeclinedInsufficientFunds: declined('insufficient_funds'),
  pm_card_visa_chargeDeclinedLostCard: declined('lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: declined('stolen_card'),
  pm_card_chargeDeclinedFraudulent: declined('fraudulent'),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declined('card_velocity_exceeded'),
  pm_card_chargeDeclinedExpiredCard: { decline: { code: 'expired_card' } },
  pm_card_chargeDeclinedIncorrectCvc: { decline: { code: 'incorrect_cvc' } },
  pm_card_chargeDeclinedProcessingError: { decline: { code: 'processing_error' } },
  pm_card_authenticationRequired: { authentication: true },
  pm_card_threeDSecure2Required: { authentication: true },
  pm_card_pendingRefund: { refunds: 'pending' },
  pm_card_refundFail: { refunds: 'failed' },
};

/**
 * Amounts whose last four digits bring a fault to the first request that has them under its key; the next one under the same
 * key is answered. For those who cannot reach the control endpoint.
 */
const magicAmounts: Readonly<Record<string, Pick<Fault, 'kind'> & Partial<Fault>>> = {
  '9001': { kind: 'mute' },
  '9002': { kind: 'lose' },
  '9003': { kind: 'error_after', status: 500 },
  '9004': { kind: 'late', milliseconds: 3_000 },
};

export function faultOfAmount(amount: number): Fault | null {
  const found = magicAmounts[String(amount).slice(-4).padStart(4, '0')];
  return found ? { path: '/', times: 1, after: 0, status: 500, milliseconds: 3_000, ...found } : null;
}
