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

/** Reads `refund.…`, `charge.refund.updated` and `charge.refunded`; null for what is none of them. */
export function refundsToldBy(event: unknown): ToldRefunds | null {
  const read = refundEvent.safeParse(event);
  if (!read.success) return null;
  const { object } = read.data.data;
  if (object.object === 'charge')
    return {
      payment: object.payment_intent ?? object.id,
      refunds: (object.refunds?.data ?? []).map(toldRefund),
      total: fromStripeAmount(object.amount_refunded, object.currency),
    };
  const payment = object.payment_intent ?? object.charge ?? null;
  return { payment, refunds: [toldRefund(object)], total: null };
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
