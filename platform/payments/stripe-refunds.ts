import type { Money } from './processor.ts';
import { fromStripeAmount } from './stripe-amount.ts';
import { keyField, refundEvent, type Refund } from './stripe-objects.ts';

/** One refund, as an event tells it. */
export interface ToldRefund {
  /** `re_…`. */
  reference: string;
  /** The key of the call that has made it, if it was one of ours. */
  key: string | null;
  money: Money;
  state: 'pending' | 'succeeded' | 'failed';
  /** Why it failed. */
  code: string | null;
}

/** What an event tells of the refunds of a payment. */
export interface ToldRefunds {
  /** The intent; of a charge without one, the charge; null where money is given back that no payment has brought. */
  payment: string | null;
  refunds: ToldRefund[];
  /** What is refunded of it in all; null where that is not told. */
  total: Money | null;
}

/**
 * Reads `refund.…`, `charge.refund.updated` and `charge.refunded`; null for what is none of them. What is let go of a payment that
 * was held and not taken is a refund to Stripe too ("Any additional amount will be automatically refunded",
 * docs.stripe.com/api/charges/capture), and none here: nobody has paid it.
 */
export function refundsToldBy(event: unknown): ToldRefunds | null {
  const read = refundEvent.safeParse(event);
  if (!read.success) return null;
  const { object } = read.data.data;
  if (object.object === 'charge')
    return {
      payment: object.payment_intent ?? object.id,
      refunds: (object.refunds?.data ?? []).filter(hasMovedMoney).map(toldRefund),
      total: fromStripeAmount(givenBackOf(object), object.currency),
    };
  const payment = object.payment_intent ?? object.charge ?? null;
  return { payment, refunds: [object].filter(hasMovedMoney).map(toldRefund), total: null };
}

function hasMovedMoney({ status, balance_transaction: moved }: Refund): boolean {
  return status !== 'succeeded' || moved !== null;
}

/** What was given back of what was taken. As long as more may be taken, it is at least so much. */
function givenBackOf(charge: {
  amount?: number | null | undefined;
  amount_captured?: number | null | undefined;
  amount_refunded: number;
}): number {
  const { amount, amount_captured: captured, amount_refunded: refunded } = charge;
  const letGo = (amount ?? 0) - (captured ?? amount ?? 0);
  return Math.max(0, refunded - letGo);
}

function toldRefund({ id, amount, currency, status, failure_reason, metadata }: Refund): ToldRefund {
  const isFailed = status === 'failed' || status === 'canceled';
  return {
    reference: id,
    key: metadata?.[keyField] ?? null,
    money: fromStripeAmount(amount, currency),
    state: isFailed ? 'failed' : status === 'succeeded' ? 'succeeded' : 'pending',
    code: isFailed ? (failure_reason ?? status) : null,
  };
}
