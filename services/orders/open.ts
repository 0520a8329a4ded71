import { Failure } from '../../domain/failure.ts';
import type { Carrier } from '../../platform/carriers/carrier.ts';
import type { KeyRing } from '../../platform/crypto/secret-box.ts';
import type { PaymentProcessor } from '../../platform/payments/processor.ts';
import { labelsOf } from './carrier-calls.ts';
import type { CarrierCalls, PaymentCalls } from './outside.ts';
import { PaymentActions } from './payment-actions.ts';
import { callsOf } from './processor-calls.ts';

/**
 * The processor and the carrier that a system is made with. Without a processor no order is accepted that needs one, and what
 * was accepted before waits until there is one again; without a carrier, packages leave without a label.
 */
export function openOrderOutside(
  processor: PaymentProcessor | null,
  carrier: Carrier | null,
  keys: KeyRing,
): {
  payments: PaymentCalls;
  carrier: CarrierCalls | null;
} {
  const missing = (): Promise<never> =>
    Promise.reject(new Failure('service.unavailable', 'No payment processor is configured.'));
  return {
    payments: processor
      ? callsOf(processor, new PaymentActions(keys))
      : { available: false, make: missing, find: missing },
    carrier: carrier ? labelsOf(carrier) : null,
  };
}
