import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { freePort } from '../../platform/ports.ts';
import { startTethered } from '../../platform/local/process.ts';
import { controlStripe, startTestStripe } from '../support/stripe.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

/** Stripe's own library, pointed at the simulator: what it can't read, Stripe would not say. */
function stripeAt(url: string): Stripe {
  const { port } = new URL(url);
  return new Stripe('sk_test_library', { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0 });
}

const held = {
  amount: 1_000,
  currency: 'eur',
  confirm: true,
  capture_method: 'manual',
  payment_method: 'pm_card_visa',
  payment_method_types: ['card'],
} as const;

describe('the Stripe simulator', () => {
  it('speaks to Stripe’s own library, errors and pages included', async () => {
    const simulator = await startTestStripe();
    try {
      const stripe = stripeAt(simulator.url);
      const intent = await stripe.paymentIntents.create(held, { idempotencyKey: 'one' });
      assert.equal(intent.status, 'requires_capture');
      const again = await stripe.paymentIntents.create(held, { idempotencyKey: 'one' });
      assert.deepEqual([again.id, again.lastResponse.headers['idempotent-replayed']], [intent.id, 'true']);
      await assert.rejects(
        stripe.paymentIntents.create({ ...held, amount: 1_001 }, { idempotencyKey: 'one' }),
        Stripe.errors.StripeIdempotencyError,
      );
      await assert.rejects(
        stripe.paymentIntents.create({ ...held, payment_method: 'pm_card_visa_chargeDeclined' }),
        (error) => error instanceof Stripe.errors.StripeCardError && error.decline_code === 'generic_decline',
      );
      await assert.rejects(
        stripe.paymentIntents.retrieve('pi_none'),
        (error) => error instanceof Stripe.errors.StripeError && error.code === 'resource_missing',
      );
      await stripe.paymentIntents.capture(intent.id);
      await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
      await assert.rejects(
        stripe.refunds.create({ payment_intent: intent.id, amount: 601 }),
        (error) => error instanceof Stripe.errors.StripeError && error.param === 'amount',
      );
      const types: string[] = [];
      for await (const event of stripe.events.list({ limit: 2 })) types.push(event.type);
      assert.deepEqual(types.toReversed(), [
        'payment_intent.created',
        'payment_intent.amount_capturable_updated',
        'payment_intent.created',
        'payment_intent.payment_failed',
        'charge.captured',
        'payment_intent.succeeded',
        'refund.created',
        'charge.refunded',
      ]);
    } finally {
      await simulator.stop();
    }
  });

  it('signs its webhooks, sends them until they are taken, and loses or repeats them when told to', async () => {
    const simulator = await startTestStripe();
    const receiver = await startWebhookReceiver();
    try {
      const stripe = stripeAt(simulator.url);
      const { secret = '' } = await stripe.webhookEndpoints.create({
        url: receiver.url,
        enabled_events: ['payment_intent.created'],
      });
      receiver.answers.push(500, 503);
      await stripe.paymentIntents.create(held);
      await until(() => receiver.received.length === 3);
      const ids = receiver.received.map(({ body, headers }) => {
        return stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret).id;
      });
      assert.equal(new Set(ids).size, 1);
      await simulator.webhooks.idle();
      await controlStripe(simulator.url, 'webhooks', { drop: 1 });
      await stripe.paymentIntents.create(held);
      await controlStripe(simulator.url, 'webhooks', { copies: 2 });
      await stripe.paymentIntents.create(held);
      await simulator.webhooks.idle();
      assert.equal(receiver.received.length, 5);
      assert.equal(receiver.received[3]?.body, receiver.received[4]?.body);
      const { data } = await stripe.events.list({ type: 'payment_intent.created' });
      assert.equal(data.length, 3);
    } finally {
      await simulator.stop();
      await receiver.close();
    }
  });

  it('has all that it has answered after it was killed', async () => {
    const first = await startTestStripe();
    const { folder } = first;
    await first.stop();
    const script = fileURLToPath(new URL('../../platform/local/stripe/main.ts', import.meta.url));
    const ids: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const child = await startTethered({
        name: 'stripe',
        command: process.execPath,
        args: [script, join(folder), String(port)],
      });
      try {
        await until(async () => (await fetch(`${url}/healthz`)).ok);
        const stripe = stripeAt(url);
        for (const id of ids) assert.equal((await stripe.paymentIntents.retrieve(id)).amount, 1_000);
        const { id } = await stripe.paymentIntents.create(held, { idempotencyKey: 'kept' });
        ids.push(id);
      } finally {
        child.kill();
        await child.exited;
      }
    }
    assert.equal(ids[0], ids[1]);
  });

  it('brings the faults of magic amounts once', async () => {
    const simulator = await startTestStripe();
    try {
      const stripe = stripeAt(simulator.url);
      const call = () =>
        stripe.paymentIntents.create({ ...held, amount: 19_003 }, { idempotencyKey: 'lost' });
      await assert.rejects(call(), Stripe.errors.StripeAPIError);
      assert.equal((await call()).status, 'requires_capture');
      assert.equal((await stripe.paymentIntents.list()).data.length, 1);
    } finally {
      await simulator.stop();
    }
  });
});
