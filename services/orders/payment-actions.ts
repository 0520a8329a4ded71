import { z } from 'zod';
import { SecretBox, type KeyRing } from '../../platform/crypto/secret-box.ts';

const actionSchema = z.object({ redirectUrl: z.string().nullable(), clientSecret: z.string().nullable() });

/** With what a customer confirms a payment with the bank. For the customer's eyes only. */
export type PaymentAction = z.output<typeof actionSchema>;

/** Seals and opens it. What is sealed for one payment opens for no other. */
export class PaymentActions {
  readonly #box: SecretBox;

  constructor(ring: KeyRing) {
    this.#box = new SecretBox(ring);
  }

  seal(paymentId: string, action: PaymentAction): string {
    return this.#box.seal(JSON.stringify(action), ['payment-action', paymentId]);
  }

  open(paymentId: string, sealed: string): PaymentAction {
    return actionSchema.parse(JSON.parse(this.#box.open(sealed, ['payment-action', paymentId])));
  }
}
