import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { OutboundClient } from '../../platform/http/outbound.ts';
import type { StripeSimulator } from '../../platform/local/stripe/simulator.ts';
import { StripeProcessor } from '../../platform/payments/stripe.ts';
import { processorContract } from '../support/processor-contract.ts';
import { startVendor } from '../support/vendor.ts';
import { controlStripe, processorAt, startTestStripe, stripeList } from '../support/stripe.ts';

const usd = { amount: 4_200n, currency: 'USD' };
const authorizing = (key: string, money = usd) => ({ key, money, paymentMethod: 'pm_card_visa' });

describe('payments by Stripe', () => {
  let simulator: StripeSimulator;
  let processor: StripeProcessor;
  let client: OutboundClient;
  before(async () => {
    simulator = await startTestStripe();
    ({ processor, client } = processorAt(simulator.url, { timeoutMs: 300 }));
  });
  afterEach(() => simulator.faults.clear());
  after(async () => {
    await client.close();
    await simulator.stop();
  });

  const count = async (key: string) =>
    (
      await stripeList<{ metadata: Record<string, string> }>(simulator.url, 'payment_intents?limit=100')
    ).filter(({ metadata }) => metadata['idempotency_key'] === key).length;

  processorContract('the simulator', () => processor);

  for (const kind of ['mute', 'lose', 'error_after', 'late'] as const) {
    it(`does not know what became of a call when the vendor answers by: ${kind}, and finds out`, async () => {
      const key = `authorize:${kind}`;
      const sentAt = new Date();
      await controlStripe(simulator.url, 'faults', { kind, method: 'POST' });
      assert.equal((await processor.authorize(authorizing(key))).outcome, 'unknown');
      assert.equal((await processor.find({ operation: 'authorize', key, sentAt })).outcome, 'succeeded');
      assert.equal(await count(key), 1);
    });
  }

  for (const kind of ['refuse', 'hang', 'error'] as const) {
    it(`finds that nothing happened after: ${kind}, and then the same call takes effect once`, async () => {
      const key = `authorize:${kind}`;
      const sentAt = new Date();
      await controlStripe(simulator.url, 'faults', { kind, method: 'POST' });
      assert.equal((await processor.authorize(authorizing(key))).outcome, 'unknown');
      assert.deepEqual(await processor.find({ operation: 'authorize', key, sentAt }), { outcome: 'absent' });
      assert.equal((await processor.authorize(authorizing(key))).outcome, 'succeeded');
      assert.equal(await count(key), 1);
    });
  }

  it('finds out a day later, when the key is pruned, without a POST', async () => {
    const { processor: patient, client: own } = processorAt(simulator.url);
    const payment = await patient.authorize(authorizing('authorize:pruned'));
    assert.ok(payment.outcome === 'succeeded');
    await controlStripe(simulator.url, 'faults', { kind: 'lose', method: 'POST' });
    const call = { key: 'capture:pruned', payment: payment.reference, money: usd };
    assert.equal((await patient.capture({ ...call, final: true })).outcome, 'unknown');
    await controlStripe(simulator.url, 'clock', { seconds: 90_000 });
    const found = await patient.find({ operation: 'capture', key: call.key, payment: payment.reference });
    assert.deepEqual(found, { outcome: 'succeeded', reference: payment.reference, money: usd });
    await own.close();
  });

  it('says that a hold has ended, which it does after seven days', async () => {
    const payment = await processor.authorize(authorizing('authorize:ends'));
    assert.ok(payment.outcome === 'succeeded');
    await controlStripe(simulator.url, 'clock', { seconds: 604_801 });
    const result = await processor.capture({
      key: 'capture:ends',
      payment: payment.reference,
      money: usd,
      final: true,
    });
    assert.ok(result.outcome === 'refused');
    assert.equal(result.code, 'authorization_expired');
  });

  it('is unavailable, not unknown, when asked too often or when nobody is there', async () => {
    await controlStripe(simulator.url, 'faults', { kind: 'error', status: 429, method: 'POST' });
    assert.deepEqual(await processor.authorize(authorizing('authorize:429')), {
      outcome: 'unavailable',
      reason: 'rate_limited',
      retryAfterSeconds: 1,
    });
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    const { processor: alone, client: own } = processorAt(`http://127.0.0.1:${port}`, { opensAfter: 2 });
    for (const reason of ['unreachable', 'unreachable', 'circuit_open']) {
      const result = await alone.authorize(authorizing('authorize:nobody'));
      assert.ok(result.outcome === 'unavailable');
      assert.equal(result.reason, reason);
    }
    await own.close();
  });

  it('lets go of the rest after a partial capture, and counts currencies as Stripe does', async () => {
    const isk = (amount: bigint) => ({ amount, currency: 'ISK' });
    const payment = await processor.authorize(authorizing('authorize:isk', isk(900n)));
    assert.ok(payment.outcome === 'succeeded');
    assert.deepEqual(payment.money, isk(900n));
    const { reference } = payment;
    await processor.capture({ key: 'capture:isk', payment: reference, money: isk(400n), final: false });
    const voided = await processor.void({ key: 'void:isk', payment: reference });
    assert.deepEqual(voided, { outcome: 'succeeded', reference, money: isk(500n) });
    assert.equal((await processor.void({ key: 'void:isk', payment: reference })).outcome, 'succeeded');
    const [intent] = await stripeList<{ amount_received: number; status: string }>(
      simulator.url,
      'payment_intents?limit=1',
    );
    assert.deepEqual([intent?.amount_received, intent?.status], [40_000, 'succeeded']);
  });

  it('does not go through a list of refunds that never ends', async () => {
    const vendor = await startVendor(() => ({ body: { object: 'list', data: [], has_more: true } }));
    const { processor: asking, client: own } = processorAt(vendor.origin);
    try {
      const lookup = { operation: 'refund', key: 'refund:1', payment: 'pi_1' } as const;
      assert.deepEqual(await asking.find(lookup), { outcome: 'unknown', reason: 'list_without_end' });
    } finally {
      await own.close();
      await vendor.close();
    }
  });

  it('never shows the key', async () => {
    const { processor: wrong, client: own } = processorAt(simulator.url, { secretKey: 'sk_live_planted' });
    const result = await wrong.authorize(authorizing('authorize:wrong'));
    assert.ok(result.outcome === 'refused' && result.code === 'credentials');
    assert.doesNotMatch(JSON.stringify([result, wrong]), /planted/);
    await own.close();
  });
});

describe('payments by Stripe itself', () => {
  const secretKey = process.env['STRIPE_TEST_SECRET_KEY'];
  if (!secretKey?.startsWith('sk_test_')) {
    it.skip('keep the contract: STRIPE_TEST_SECRET_KEY is not set to a test key');
    return;
  }
  const client = new OutboundClient();
  const processor = new StripeProcessor({ secretKey, client });
  after(() => client.close());
  processorContract('Stripe', () => processor);
});
