import { ApiError, invalid, missing } from './api-error.ts';
import type { FormObject } from './form.ts';
import { testCards } from './test-cards.ts';
import type { World } from './world.ts';

export interface SimulatedIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_capturable: number;
  amount_received: number;
  capture_method: 'manual' | 'automatic';
  client_secret: string;
  created: number;
  currency: string;
  customer: string | null;
  canceled_at: number | null;
  cancellation_reason: string | null;
  last_payment_error: Record<string, unknown> | null;
  latest_charge: string | null;
  livemode: false;
  metadata: Record<string, string>;
  next_action: Record<string, unknown> | null;
  payment_method: string | null;
  payment_method_options: { card: { request_multicapture?: string } };
  payment_method_types: string[];
  status: string;
}

/** How long a hold lasts, in seconds: 7 days for most cards. */
const holdSeconds = 604_800;

/** Stripe's PaymentIntents with cards: the states, amounts and errors of docs.stripe.com/payments/paymentintents/lifecycle. */
export class PaymentIntents {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get(id: string): SimulatedIntent {
    const found = this.#world.journal.get<SimulatedIntent>('payment_intents', id);
    if (!found) throw missing('payment_intent', id);
    return this.#expired(found);
  }

  all(): SimulatedIntent[] {
    return this.#world.journal
      .list<SimulatedIntent>('payment_intents')
      .map((one) => this.#expired(one))
      .toReversed();
  }

  create(form: FormObject): SimulatedIntent {
    const amount = wholeNumber(form, 'amount');
    if (amount === null) throw invalid('amount', 'Missing required param: amount.', 'parameter_missing');
    if (amount < 50) throw invalid('amount', 'The amount is below the least.', 'amount_too_small');
    const currency = form['currency'];
    if (typeof currency !== 'string' || !/^[a-z]{3}$/.test(currency))
      throw invalid('currency', 'Invalid currency.', 'parameter_missing');
    const method = typeof form['payment_method'] === 'string' ? form['payment_method'] : null;
    if (method !== null && !Object.hasOwn(testCards, method)) throw missing('payment_method', method);
    const options = (form['payment_method_options'] as FormObject | undefined)?.['card'] as
      | FormObject
      | undefined;
    const id = this.#world.id('pi');
    const intent: SimulatedIntent = {
      id,
      object: 'payment_intent',
      amount,
      amount_capturable: 0,
      amount_received: 0,
      capture_method: form['capture_method'] === 'manual' ? 'manual' : 'automatic',
      client_secret: `${id}_secret_${this.#world.id('s').slice(2)}`,
      created: this.#world.now(),
      currency,
      customer: typeof form['customer'] === 'string' ? form['customer'] : null,
      canceled_at: null,
      cancellation_reason: null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadataOf(form),
      next_action: null,
      payment_method: method,
      payment_method_options: {
        card:
          options?.['request_multicapture'] === 'if_available'
            ? { request_multicapture: 'if_available' }
            : {},
      },
      payment_method_types: ['card'],
      status: method === null ? 'requires_payment_method' : 'requires_confirmation',
    };
    this.#keep(intent);
    this.#world.emit('payment_intent.created', intent);
    if (form['confirm'] === 'true') this.#confirm(intent);
    return intent;
  }

  confirm(id: string, form: FormObject): SimulatedIntent {
    const intent = this.get(id);
    const method = form['payment_method'];
    if (typeof method === 'string') {
      if (!Object.hasOwn(testCards, method)) throw missing('payment_method', method);
      intent.payment_method = method;
    }
    if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status))
      throw unexpectedState(intent, 'confirm');
    this.#confirm(intent);
    return intent;
  }

  /** The customer has authenticated, or has failed to. */
  authenticate(id: string, success: boolean): SimulatedIntent {
    const intent = this.get(id);
    if (intent.status !== 'requires_action') throw unexpectedState(intent, 'authenticate');
    intent.next_action = null;
    if (success) this.#hold(intent);
    else this.#fail(intent, { code: 'payment_intent_authentication_failure' });
    return intent;
  }

  capture(id: string, form: FormObject): SimulatedIntent {
    const intent = this.get(id);
    if (intent.status !== 'requires_capture') {
      const expired = intent.cancellation_reason === 'automatic';
      throw expired
        ? new ApiError(400, { code: 'charge_expired_for_capture', message: 'The hold is gone.' })
        : unexpectedState(intent, 'capture');
    }
    const amount = wholeNumber(form, 'amount_to_capture') ?? intent.amount_capturable;
    const final = form['final_capture'] !== 'false';
    if (amount > intent.amount_capturable) {
      const message = 'The amount is more than what can be captured.';
      throw new ApiError(400, { code: 'amount_too_large', param: 'amount_to_capture', message });
    }
    if (amount === 0 && !(final && intent.amount_received > 0))
      throw invalid('amount_to_capture', 'Nothing would be captured.', 'amount_too_small');
    if (!final && intent.payment_method_options.card.request_multicapture !== 'if_available')
      throw invalid('final_capture', 'Several captures were not asked for.');
    intent.amount_received += amount;
    intent.amount_capturable = final ? 0 : intent.amount_capturable - amount;
    Object.assign(intent.metadata, metadataOf(form));
    if (intent.amount_capturable === 0) intent.status = 'succeeded';
    this.#keep(intent);
    if (amount > 0) this.#world.emit('charge.captured', this.charge(intent));
    this.#world.emit(
      intent.status === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated',
      intent,
    );
    return intent;
  }

  cancel(id: string): SimulatedIntent {
    const intent = this.get(id);
    if (['succeeded', 'canceled', 'processing'].includes(intent.status) || intent.amount_received > 0)
      throw unexpectedState(intent, 'cancel');
    return this.#cancel(intent, null);
  }

  /** The charge of an intent. There is one, however often it is captured. */
  charge(intent: SimulatedIntent): Record<string, unknown> & { id: string } {
    return {
      id: intent.latest_charge ?? '',
      object: 'charge',
      amount: intent.amount,
      amount_captured: intent.amount_received,
      amount_refunded: this.refunded(intent.id),
      captured: intent.amount_received > 0,
      created: intent.created,
      currency: intent.currency,
      livemode: false,
      metadata: intent.metadata,
      payment_intent: intent.id,
      payment_method_details: { type: 'card', card: { capture_before: intent.created + holdSeconds } },
      refunded: intent.amount_received > 0 && this.refunded(intent.id) === intent.amount_received,
      status: 'succeeded',
    };
  }

  refunded(id: string): number {
    return this.#world.journal
      .list<{ payment_intent: string; status: string; amount: number }>('refunds')
      .filter((one) => one.payment_intent === id && (one.status === 'succeeded' || one.status === 'pending'))
      .reduce((sum, { amount }) => sum + amount, 0);
  }

  #confirm(intent: SimulatedIntent): void {
    const card = testCards[intent.payment_method ?? ''];
    if (!card) throw invalid('payment_method', 'There is no means of payment.');
    intent.latest_charge = this.#world.id('ch');
    if (card.decline) {
      this.#fail(intent, card.decline);
      throw new ApiError(402, {
        type: 'card_error',
        ...card.decline,
        message: 'Your card was declined.',
        charge: intent.latest_charge,
        payment_intent: structuredClone(intent),
      });
    }
    if (card.authentication) {
      intent.latest_charge = null;
      intent.status = 'requires_action';
      intent.next_action = {
        type: 'redirect_to_url',
        redirect_to_url: { url: `https://hooks.stripe.example/3ds/${intent.id}`, return_url: null },
      };
      this.#keep(intent);
      this.#world.emit('payment_intent.requires_action', intent);
      return;
    }
    this.#hold(intent);
  }

  #hold(intent: SimulatedIntent): void {
    intent.latest_charge ??= this.#world.id('ch');
    intent.last_payment_error = null;
    if (intent.capture_method === 'automatic') {
      intent.status = 'succeeded';
      intent.amount_received = intent.amount;
    } else {
      intent.status = 'requires_capture';
      intent.amount_capturable = intent.amount;
    }
    this.#keep(intent);
    this.#world.emit(
      intent.status === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated',
      intent,
    );
  }

  #fail(intent: SimulatedIntent, decline: { code: string; decline_code?: string }): void {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { type: 'card_error', ...decline, message: 'Your card was declined.' };
    this.#keep(intent);
    this.#world.emit('payment_intent.payment_failed', intent);
  }

  #cancel(intent: SimulatedIntent, reason: string | null): SimulatedIntent {
    intent.status = 'canceled';
    intent.amount_capturable = 0;
    intent.canceled_at = this.#world.now();
    intent.cancellation_reason = reason;
    this.#keep(intent);
    this.#world.emit('payment_intent.canceled', intent);
    return intent;
  }

  #expired(intent: SimulatedIntent): SimulatedIntent {
    const isOver = intent.status === 'requires_capture' && this.#world.now() >= intent.created + holdSeconds;
    if (!isOver) return intent;
    if (intent.amount_received === 0) return this.#cancel(intent, 'automatic');
    intent.status = 'succeeded';
    intent.amount_capturable = 0;
    this.#keep(intent);
    this.#world.emit('payment_intent.succeeded', intent);
    return intent;
  }

  #keep(intent: SimulatedIntent): void {
    this.#world.journal.put('payment_intents', intent.id, intent);
  }
}

function unexpectedState(intent: SimulatedIntent, verb: string): ApiError {
  return new ApiError(400, {
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: structuredClone(intent),
  });
}

export function metadataOf(form: FormObject): Record<string, string> {
  const given = form['metadata'];
  if (given === undefined || typeof given === 'string') return {};
  const entries = Object.entries(given).map(([name, value]) => {
    if (typeof value !== 'string') throw invalid('metadata', 'Metadata is one level deep.');
    return [name, value] as const;
  });
  if (entries.length > 50 || entries.some(([name, value]) => name.length > 40 || value.length > 500))
    throw invalid('metadata', 'Metadata has 50 names of 40 characters with 500 characters each, at most.');
  return Object.fromEntries(entries);
}

/** A whole number of a form; null when it is not there. */
export function wholeNumber(form: FormObject, name: string): number | null {
  const given = form[name];
  if (given === undefined) return null;
  if (typeof given !== 'string' || !/^\d{1,8}$/.test(given))
    throw invalid(name, `Invalid integer: ${name}`, 'parameter_invalid_integer');
  return Number(given);
}
