import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EasyPostCarrier } from '../../platform/carriers/easypost.ts';
import { trackingStatusOf } from '../../platform/carriers/easypost-status.ts';
import { hostAndPort } from '../../platform/http/destination.ts';
import { OutboundClient } from '../../platform/http/outbound.ts';
import { startEasyPostSimulator, type EasyPostSimulator } from '../../platform/local/easypost/simulator.ts';
import { carrierContract, parcelTo, sendsTo } from '../support/carrier-contract.ts';
import { runFolder } from '../support/run.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

const key = 'EZTKsimulated';

/** EasyPost's own library, as far as it is used here. */
interface Library {
  Utils: { validateWebhook(body: Buffer, headers: object, secret: string): { result: { status: string } } };
  Shipment: {
    create(parameters: object): Promise<{ id: string; rates: object[]; lowestRate(): { id: string } }>;
    buy(id: string, rate: object): Promise<{ tracking_code: string; postage_label: { label_url: string } }>;
  };
  Tracker: { retrieve(id: string): Promise<{ status: string }> };
  Webhook: { create(parameters: object): Promise<{ id: string }> };
}

// Its types say that it exports nothing to make one of.
const EasyPostClient = createRequire(import.meta.url)('@easypost/api') as new (
  key: string,
  options: { baseUrl: string },
) => Library;

describe('parcels by EasyPost', () => {
  let simulator: EasyPostSimulator;
  let folder: string;
  let carrier: EasyPostCarrier;
  let client: OutboundClient;
  before(async () => {
    folder = await mkdtemp(join(await runFolder(), 'easypost-'));
    simulator = await startEasyPostSimulator({ folder, webhookWaits: [10, 50] });
    client = new OutboundClient({ allowPrivate: [hostAndPort(new URL(simulator.url))] });
    carrier = new EasyPostCarrier({
      apiKey: key,
      baseUrl: simulator.url,
      client,
      timeoutMs: 400,
      opensAfter: 1_000,
    });
  });
  afterEach(() => simulator.faults.clear());
  after(async () => {
    await client.close();
    await simulator.stop();
  });

  const control = async (path: string, body: object) => {
    const response = await fetch(`${simulator.url}/_control/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
  };
  const buy = async (labelKey: string) => {
    const result = await carrier.buyLabel({ key: labelKey, ...parcelTo(sendsTo) });
    assert.ok(result.outcome === 'succeeded', JSON.stringify({ outcome: result.outcome }));
    return result.value;
  };

  carrierContract('the simulator', () => carrier);

  for (const kind of ['mute', 'lose', 'error_after', 'hang', 'refuse', 'error'] as const) {
    for (const after of [0, 1]) {
      it(`buys one label when call ${after + 1} of the two meets: ${kind}`, async () => {
        const labelKey = `label:${kind}:${after}`;
        simulator.faults.add({
          kind,
          method: 'POST',
          path: '/v2/shipments',
          after,
          times: 1,
          status: 500,
          milliseconds: 0,
        });
        const first = await carrier.buyLabel({ key: labelKey, ...parcelTo(sendsTo) });
        assert.equal(first.outcome, 'unknown');
        const found = await carrier.findLabel(labelKey);
        assert.ok(found.outcome === 'succeeded');
        const took = after === 1 && ['mute', 'lose', 'error_after'].includes(kind);
        assert.equal(found.value !== null, took);
        const label = await buy(labelKey);
        if (found.value) assert.deepEqual(label, found.value);
        assert.deepEqual(await buy(labelKey), label);
      });
    }
  }

  it('follows a parcel step by step, and one that is told late changes nothing that holds', async () => {
    const { trackerReference, trackingNumber } = await buy('label:way');
    const track = async () => {
      const result = await carrier.track({ reference: trackerReference, trackingNumber, carrier: null });
      assert.ok(result.outcome === 'succeeded');
      return result.value;
    };
    const seen = [(await track()).status];
    for (let step = 0; step < 4; step += 1) {
      await control(`trackers/${trackingNumber}/advance`, {});
      seen.push((await track()).status);
    }
    assert.deepEqual(seen, ['label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'delivered']);
    await control(`trackers/${trackingNumber}/advance`, { to: 'delayed', datetime: '2020-01-01T00:00:00Z' });
    const late = await track();
    assert.deepEqual([late.status, late.events[0]?.status, late.events.length], ['delivered', 'delayed', 6]);
    const refund = await carrier.voidLabel((await buy('label:way')).reference);
    assert.ok(refund.outcome === 'refused' && refund.code === 'label_not_refundable');
  });

  it('tells of what goes wrong on the way', async () => {
    for (const [to, status, detail] of [
      ['lost', 'exception', 'lost'],
      ['damaged', 'exception', 'damaged'],
      ['return_to_sender', 'return_to_sender', 'return'],
      ['attempted_delivery', 'attempted_delivery', 'delivery_exception'],
      ['ready_for_pickup', 'ready_for_pickup', 'arrived_at_pickup_location'],
      ['delayed', 'delayed', 'weather_delay'],
    ] as const) {
      const { trackerReference, trackingNumber } = await buy(`label:${to}`);
      await control(`trackers/${trackingNumber}/advance`, { to });
      const result = await carrier.track({ reference: trackerReference, trackingNumber, carrier: null });
      assert.ok(result.outcome === 'succeeded');
      assert.deepEqual([result.value.status, result.value.detail], [status, detail]);
    }
    assert.equal(trackingStatusOf('unknown', 'unknown'), null);
  });

  it('is read by EasyPost’s own library, which also verifies its webhooks', async () => {
    const receiver = await startWebhookReceiver();
    try {
      const library = new EasyPostClient(key, { baseUrl: `${simulator.url}/v2/` });
      await library.Webhook.create({ url: receiver.url, webhook_secret: 'sécret' });
      const { from, to } = parcelTo(sendsTo);
      const plain = (address: typeof from) => ({
        ...address,
        state: address.region,
        zip: address.postalCode,
      });
      const made = await library.Shipment.create({
        to_address: plain(to),
        from_address: plain(from),
        parcel: { weight: 10 },
      });
      const bought = await library.Shipment.buy(made.id, made.lowestRate());
      assert.match(bought.postage_label.label_url, /\.pdf$/);
      await control(`trackers/${bought.tracking_code}/advance`, {});
      await simulator.webhooks.idle();
      const results = receiver.received.map(({ body, headers }) =>
        library.Utils.validateWebhook(Buffer.from(body), headers, 'sécret'),
      );
      assert.deepEqual(
        results.map(({ result }) => result.status),
        ['pre_transit', 'in_transit'],
      );
      const { body = '', headers = {} } = receiver.received[1] ?? {};
      assert.throws(() => library.Utils.validateWebhook(Buffer.from(`${body} `), headers, 'sécret'));
    } finally {
      await receiver.close();
    }
  });

  it('has its parcels after a restart', async () => {
    const label = await buy('label:restart');
    const { port } = simulator;
    await simulator.stop();
    simulator = await startEasyPostSimulator({ folder, port, webhookWaits: [10, 50] });
    const found = await carrier.findLabel('label:restart');
    assert.ok(found.outcome === 'succeeded');
    assert.deepEqual(found.value, label);
  });
});

describe('parcels by EasyPost itself', () => {
  const apiKey = process.env['EASYPOST_TEST_API_KEY'];
  if (!apiKey?.startsWith('EZTK')) {
    it.skip('keep the contract: EASYPOST_TEST_API_KEY is not set to a test key');
    return;
  }
  const client = new OutboundClient();
  const carrier = new EasyPostCarrier({ apiKey, client });
  after(() => client.close());
  carrierContract('EasyPost', () => carrier);
});
