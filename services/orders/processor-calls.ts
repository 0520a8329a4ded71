import type { Order, Payment } from '../../db/orders/order.ts';
import type { PaymentOutcome } from '../../db/orders/payments.ts';
import { Failure } from '../../domain/failure.ts';
import type { LookupResult, PaymentProcessor, PaymentResult } from '../../platform/payments/processor.ts';
import type { PaymentCalls } from './outside.ts';
import type { PaymentActions } from './payment-actions.ts';

/** What a call came to, or a look-up that has found it. */
type Known = PaymentResult | Exclude<LookupResult, { outcome: 'absent' }>;

/** The payments of orders, made by a payment processor. */
export function callsOf(processor: PaymentProcessor, actions: PaymentActions): PaymentCalls {
  const outcomeOf = (payment: Payment, result: Known): PaymentOutcome => settledBy(result, payment, actions);
  return {
    available: true,
    make: async (order, payment, parent) => outcomeOf(payment, await call(processor, order, payment, parent)),
    find: async (_order, payment, parent) => {
      const { kind, key, createdAt } = payment;
      const found = await (kind === 'authorize'
        ? processor.find({ operation: kind, key, sentAt: createdAt })
        : processor.find({ operation: kind, key, payment: referenceOf(parent) }));
      return found.outcome === 'absent' ? null : outcomeOf(payment, found);
    },
  };
}

async function call(
  processor: PaymentProcessor,
  order: Order,
  payment: Payment,
  parent: Payment | null,
): Promise<PaymentResult> {
  const { key, amount, kind } = payment;
  const money = { amount, currency: order.currency };
  switch (kind) {
    case 'authorize':
      return await processor.authorize({
        key,
        money,
        paymentMethod: order.payment.method ?? '',
        facts: { order_id: order.id, order_number: order.number, tenant_id: order.tenantId },
      });
    case 'capture':
      return await processor.capture({
        key,
        payment: referenceOf(parent),
        money,
        final: payment.final,
      });
    case 'void':
      return await processor.void({ key, payment: referenceOf(parent) });
    case 'refund':
      return await processor.refund({ key, payment: referenceOf(parent), money });
  }
}

function referenceOf(parent: Payment | null): string {
  if (!parent?.reference) throw new Error('What is captured, let go or refunded was authorised.');
  return parent.reference;
}

/**
 * What is settled of an outcome. What is not known yet fails the step, which is tried again and then asks first.
 *
 * @throws Failure `service.unavailable`
 */
function settledBy(result: Known, payment: Payment, actions: PaymentActions): PaymentOutcome {
  switch (result.outcome) {
    case 'succeeded':
      return { outcome: 'succeeded', reference: result.reference };
    case 'declined':
    case 'refused':
      return { outcome: 'declined', code: result.code };
    case 'requires_action':
      return {
        outcome: 'action_required',
        reference: result.reference,
        action: actions.seal(payment.id, {
          redirectUrl: result.redirectUrl,
          clientSecret: result.clientSecret,
        }),
      };
    case 'unavailable':
      throw new Failure(
        'service.unavailable',
        'The payment processor cannot be reached.',
        result.retryAfterSeconds === null ? {} : { retryAfter: result.retryAfterSeconds },
      );
    case 'processing':
    case 'unknown':
      throw new Failure('service.unavailable', 'The payment processor has not said yet what came of it.');
  }
}
