import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { createOrderRoutes } from '../../api/orders/routes.ts';
import { createWebhookRoutes } from '../../api/webhooks/routes.ts';
import type { EasyPostSimulator } from '../../platform/local/easypost/simulator.ts';
import type { StripeSimulator } from '../../platform/local/stripe/simulator.ts';
import { freePort } from '../../platform/ports.ts';
import { DemoClient } from '../../scripts/demo/demo-client.ts';
import { demonstrateShopOrder } from '../../scripts/demo/shop-order.ts';
import { joinSimulators } from '../../scripts/join-simulators.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { startTestEasyPost } from '../support/easypost.ts';
import { startTestStripe } from '../support/stripe.ts';
import { temporalServer } from '../support/temporal.ts';

describe('The demo of an order', function () {
  this.timeout(180_000);
  const secret = 'whsec_c2ltdWxhdGVkIHZlbmRvcnMgc2lnbiB3aXRoIGl0';
  let receiverAddress = '';
  let api: TestApi;
  let stripe: StripeSimulator | undefined;
  let easypost: EasyPostSimulator | undefined;
  let workers: RunningWorkers | undefined;
  before(async () => {
    receiverAddress = `127.0.0.1:${await freePort()}`;
    const [stripePort, easypostPort] = [await freePort(), await freePort()];
    api = await startTestApi(
      (services) => [...createWebhookRoutes(services), ...createOrderRoutes(services)],
      {
        env: {
          LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
          OUTBOUND_ALLOW_PRIVATE: receiverAddress,
          STRIPE_API_URL: `http://127.0.0.1:${stripePort}`,
          EASYPOST_API_URL: `http://127.0.0.1:${easypostPort}`,
          EASYPOST_API_KEY: 'EZTKsimulated',
        },
      },
    );
    const at = (path: string) => ({ url: `${api.url}/webhooks/${path}`, secret });
    stripe = await startTestStripe({ port: stripePort, receiver: at('stripe/payment') });
    easypost = await startTestEasyPost({ port: easypostPort, receiver: at('easypost/tracking') });
    const { address, namespace } = await temporalServer();
    const domains = ['webhooks', 'orders'] as const;
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, domains);
  });
  after(async () => {
    await workers?.stop();
    await stripe?.stop();
    await easypost?.stop();
    await api?.close();
  });

  it('goes from the shop’s webhook to delivered by webhooks alone, while an endpoint fails twice', async () => {
    const caller = await api.key((await api.tenant('development')).owner);
    const apiKey = caller.authorization.replace('Bearer ', '');
    const receiver = { url: api.url, secret };
    const simulators = [
      { kind: 'stripe', vendor: 'Stripe', receiver },
      { kind: 'easypost', vendor: 'EasyPost', receiver },
    ] as const;
    // Of each vendor one source, however often the system is started.
    for (let times = 0; times < 2; times += 1) await joinSimulators({ apiUrl: api.url, apiKey }, simulators);
    const lines: string[] = [];
    await demonstrateShopOrder({
      api: new DemoClient(api.url, apiKey),
      apiUrl: api.url,
      workflowsUrl: 'http://127.0.0.1:8233/namespaces/default/workflows',
      stripeUrl: stripe?.url ?? null,
      easypostUrl: easypost?.url ?? null,
      receiverAddress,
      root: fileURLToPath(new URL('../..', import.meta.url)),
      print: (line) => lines.push(line),
    });
    const shown = lines.join('\n');
    for (const expected of [
      /The shop tells of its order \d{18}, signed: 200/,
      /workflows\/order:[0-9a-f-]{36}/,
      /inventory\.reserved/,
      /order\.payment_changed +\$\d+\.\d\d \(source\)/,
      /fulfillment\.created +demo-east/,
      /fulfillment\.created +demo-west/,
      /has left demo-west: USPS GroundAdvantage EZ\d+, label \$\d/,
      /shipment\.updated +out_for_delivery \(carrier\)/,
      /order\.status_changed +delivered → completed/,
      /500, then 200 \d\.\d s later/,
      /Delivered: 2 packages, 10 reports/,
    ])
      assert.match(shown, expected, shown);

    const client = api.client.as(caller);
    const { body: sources } = await client.get('/v1/webhook-sources');
    const kinds = sources.items.map(({ kind }: { kind: string }) => kind).sort();
    assert.deepEqual(kinds, ['easypost', 'shopify', 'stripe']);
    const { body: inbound } = await client.get('/v1/webhooks/inbound', { query: { limit: '200' } });
    const states = new Set(inbound.items.map(({ state }: { state: string }) => state));
    assert.ok(!states.has('parked') && !states.has('dead') && !states.has('retrying'), [...states].join());
    const { body: orders } = await client.get('/v1/orders');
    const [{ fulfillments, payment_status: payment }] = orders.items;
    assert.equal(payment, 'paid');
    for (const one of fulfillments) {
      const { headers } = await client.get(one.label_url);
      const label = await fetch(headers.get('location') ?? '');
      assert.equal(label.headers.get('content-type'), 'application/pdf');
      assert.match(
        await label.text(),
        new RegExp(`^%PDF-1\\.4[^]*Tracking ${one.tracking_number}[^]*%%EOF\n$`),
      );
    }
  });
});
