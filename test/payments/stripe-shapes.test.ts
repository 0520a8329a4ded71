import assert from 'node:assert/strict';
import type { OutboundClient } from '../../platform/http/outbound.ts';
import type { StripeProcessor } from '../../platform/payments/stripe.ts';
import { processorAt } from '../support/stripe.ts';
import { findStripeMock, startStripeMock } from '../support/stripe-mock.ts';

describe('requests to Stripe have the shape of its OpenAPI document', () => {
  let url = '';
  let stop: (() => Promise<void>) | undefined;
  let processor: StripeProcessor;
  let client: OutboundClient;
  before(async function () {
    this.timeout(300_000);
    const program = await findStripeMock();
    if (program === undefined) {
      this.skip();
      return;
    }
    ({ url, stop } = await startStripeMock(program));
    ({ processor, client } = processorAt(url, { secretKey: 'sk_test_123' }));
  });
  after(async () => {
    await client?.close();
    await stop?.();
  });

  const money = { amount: 1_000n, currency: 'EUR' };
  const payment = 'pi_1DrPsv2eZvKYlo2CEDzqXfPH';

  it('is told of parameters that there are not', async () => {
    const response = await fetch(`${url}/v1/refunds`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'payment_intent=pi_1&amounts=3',
    });
    assert.equal(response.status, 400);
  });

  const calls: Record<string, () => Promise<{ outcome: string }>> = {
    authorize: () =>
      processor.authorize({
        key: 'authorize:1',
        money,
        paymentMethod: 'pm_card_visa',
        customer: 'cus_1',
        returnUrl: 'https://shop.example/back',
        facts: { order_id: '1' },
      }),
    'capture of a part': () => processor.capture({ key: 'capture:1', payment, money, final: false }),
    'last capture': () => processor.capture({ key: 'capture:2', payment, money, final: true }),
    void: () => processor.void({ key: 'void:1', payment }),
    refund: () => processor.refund({ key: 'refund:1', payment, money }),
    'look-up of an authorisation': () =>
      processor.find({ operation: 'authorize', key: "authorize:'1'", sentAt: new Date() }),
    'look-up of a capture': () => processor.find({ operation: 'capture', key: 'capture:1', payment }),
    'look-up of a refund': () => processor.find({ operation: 'refund', key: 'refund:1', payment }),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(name, async () => {
      const result = await call();
      // What the mock says of the money means nothing: it answers with fixtures, which are unpaid.
      if (name !== 'void') assert.notEqual(result.outcome, 'refused');
      assert.notEqual(result.outcome, 'unknown');
      assert.notEqual(result.outcome, 'unavailable');
    });
  }

  it('reads a payment', async () => {
    const state = await processor.payment(payment);
    assert.ok(state !== null && state !== 'unknown');
  });
});
