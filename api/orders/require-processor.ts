import { Failure } from '../../domain/failure.ts';
import type { Config } from '../../platform/config.ts';

/**
 * Refuses an order that we should take money for while nobody is configured who could. It would wait for ever.
 *
 * @param pointer what in the body asked for it
 * @throws Failure `orders.processor_missing`
 */
export function requireProcessor(config: Config, pointer: string): void {
  if (config.STRIPE_SECRET_KEY) return;
  throw new Failure(
    'orders.processor_missing',
    'No payment processor is configured: only orders that are paid elsewhere can be placed.',
    { issues: [{ pointer, message: 'Nobody can take this payment.' }] },
  );
}
