import { ApiError, invalid, missing } from './api-error.ts';
import type { FormObject } from './form.ts';
import { metadataOf, wholeNumber, type PaymentIntents } from './payment-intents.ts';
import { testCards } from './test-cards.ts';
import type { World } from './world.ts';

export interface SimulatedRefund {
  id: string;
  object: 'refund';
  amount: number;
  charge: string;
  created: number;
  currency: string;
  failure_reason?: string;
  metadata: Record<string, string>;
  payment_intent: string;
  reason: string | null;
  status: 'pending' | 'succeeded' | 'failed';
}

/** Stripe's refunds of PaymentIntents: never more than was captured and not refunded yet. */
export class Refunds {
  readonly #world: World;
  readonly #intents: PaymentIntents;

  constructor(world: World, intents: PaymentIntents) {
    this.#world = world;
    this.#intents = intents;
  }

  create(form: FormObject): SimulatedRefund {
    const id = form['payment_intent'];
    if (typeof id !== 'string') throw invalid('payment_intent', 'Missing required param: payment_intent.');
    const intent = this.#intents.get(id);
    if (intent.amount_received === 0) {
      const message = 'This PaymentIntent does not have a successful charge to refund.';
      throw new ApiError(400, { message, code: 'payment_intent_unexpected_state' });
    }
    const left = intent.amount_received - this.#intents.refunded(id);
    const amount = wholeNumber(form, 'amount') ?? left;
    if (left === 0) {
      const message = `Charge ${intent.latest_charge} has already been refunded.`;
      throw new ApiError(400, { code: 'charge_already_refunded', message });
    }
    if (amount < 1 || amount > left) {
      const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`;
      throw new ApiError(400, { param: 'amount', message });
    }
    const made: SimulatedRefund = {
      id: this.#world.id('re'),
      object: 'refund',
      amount,
      charge: intent.latest_charge ?? '',
      created: this.#world.now(),
      currency: intent.currency,
      metadata: metadataOf(form),
      payment_intent: id,
      reason: typeof form['reason'] === 'string' ? form['reason'] : null,
      status: testCards[intent.payment_method ?? '']?.refunds ?? 'succeeded',
      ...(testCards[intent.payment_method ?? '']?.refunds === 'failed'
        ? { failure_reason: 'lost_or_stolen_card' }
        : {}),
    };
    this.#world.journal.put('refunds', made.id, made);
    this.#world.emit('refund.created', made);
    if (made.status === 'failed') this.#world.emit('refund.failed', made);
    else this.#world.emit('charge.refunded', this.#intents.charge(intent));
    return made;
  }

  get(id: string): SimulatedRefund {
    const found = this.#world.journal.get<SimulatedRefund>('refunds', id);
    if (!found) throw missing('refund', id);
    return found;
  }

  /** The latest first. */
  of(intentId: string | null): SimulatedRefund[] {
    return this.#world.journal
      .list<SimulatedRefund>('refunds')
      .filter((one) => intentId === null || one.payment_intent === intentId)
      .toReversed();
  }

  /** The bank has done it, or has sent it back. */
  finish(id: string, success: boolean): SimulatedRefund {
    const made = this.get(id);
    made.status = success ? 'succeeded' : 'failed';
    if (!success) made.failure_reason = 'lost_or_stolen_card';
    this.#world.journal.put('refunds', id, made);
    this.#world.emit(success ? 'refund.updated' : 'refund.failed', made);
    return made;
  }
}
