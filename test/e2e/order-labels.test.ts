import assert from 'node:assert/strict';
import type { EasyPostSimulator } from '../../platform/local/easypost/simulator.ts';
import type { FaultKind } from '../../platform/local/simulator/faults.ts';
import type { ApiClient } from '../support/api.ts';
import { shipmentOf, startTestEasyPost } from '../support/easypost.ts';
import {
  aSender,
  orderOf,
  startOrdersSystem,
  untilOrder,
  type OrderBody,
  type OrdersSystem,
} from '../support/orders-system.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';

describe('Orders whose labels are bought from EasyPost, simulated', function () {
  this.timeout(180_000);
  let easypost: EasyPostSimulator;
  let system: OrdersSystem;
  let member: ApiClient;
  before(async () => {
    easypost = await startTestEasyPost();
    system = await startOrdersSystem({ easypostUrl: easypost.url });
  });
  after(async () => {
    await system?.close();
    await easypost?.stop();
  });
  beforeEach(async () => {
    member = system.api.client.as((await system.api.tenant()).member);
    easypost.faults.clear();
    const mug = { sku: 'MUG', title: 'Mug', price: '1000', currency: 'EUR', weight_grams: 350 };
    await ok(member.post('/v1/stock', { ...mug, size_mm: { length: 120, width: 100, height: 90 } }));
    await ok(member.put('/v1/stock/MUG/locations/berlin', { on_hand: 5 }));
    await ok(member.post('/v1/stock-locations', { location: 'berlin', sender: aSender }));
  });

  const ok = async (called: ReturnType<ApiClient['get']>): Promise<OrderBody> => {
    const { status, body } = await called;
    assert.ok(status < 300, JSON.stringify(body));
    return body;
  };
  const place = (change: object = {}): Promise<OrderBody> =>
    ok(member.post('/v1/orders', orderOf({ ...change })));
  const shipmentFor = async ({ fulfillments: [one] }: OrderBody) => {
    const shipment = await shipmentOf(easypost.url, one.id);
    assert.ok(shipment);
    return shipment;
  };
  const fault = (kind: FaultKind, method: 'GET' | 'POST', path: string) =>
    easypost.faults.add({ kind, method, path, times: 1, after: 0, status: 500, milliseconds: 0 });
  const waitingPackage = async ({ id }: OrderBody): Promise<OrderBody> =>
    (await untilOrder(member, id, ({ fulfillments: [one] }) => one?.label_state === 'waiting'))
      .fulfillments[0];

  it('leave with a label, bought once although its answer was lost, and downloaded by a link', async () => {
    fault('lose', 'POST', '/v2/shipments/shp_');
    const placed = await place();
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(easypost.faults.waiting, []);
    const [one] = shipped.fulfillments;
    const bought = await shipmentFor(shipped);
    assert.deepEqual(
      [one.tracking_number, one.carrier, one.service, one.label_state],
      [bought.tracking_code, 'USPS', 'GroundAdvantage', 'bought'],
    );
    // 1050 g are 37.1 ounces, which the simulator asks 5 cents each for, and 5 dollars.
    assert.equal(bought.parcel.weight, 37.1);
    assert.deepEqual(one.label_cost, { amount: '686', currency: 'USD' });
    assert.deepEqual(
      [bought.from_address.street1, bought.to_address.street1, bought.to_address['phone'] ?? null],
      ['Sonnenallee 1', 'Invalidenstr. 1', null],
    );
    const label = await member.get(one.label_url);
    assert.deepEqual(
      [label.status, label.headers.get('location')],
      [302, bought.postage_label?.label_pdf_url],
    );
    assert.equal((await member.get(one.label_url.replace('/label', '/nothing'))).status, 404);
  });

  it('wait for the weight of what is in a package, and go on by themselves once it is known', async () => {
    await ok(member.post('/v1/stock', { sku: 'CAP', title: 'Cap', price: '500', currency: 'EUR' }));
    await ok(member.put('/v1/stock/CAP/locations/berlin', { on_hand: 5 }));
    const placed = await place({
      lines: [
        { sku: 'CAP', quantity: 1 },
        { sku: 'MUG', quantity: 1 },
      ],
    });
    const { problem, status } = await waitingPackage(placed);
    assert.deepEqual([status, problem.code], ['allocated', 'orders.weight_missing']);
    assert.match(problem.message, /: CAP\.$/);
    const { headers } = await member.get('/v1/stock/CAP');
    const ifMatch = { headers: { 'if-match': headers.get('etag') ?? '' } };
    await ok(member.patch('/v1/stock/CAP', { weight_grams: 90 }, ifMatch));
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(
      [shipped.fulfillments[0].label_state, shipped.fulfillments[0].problem],
      ['bought', null],
    );
    assert.equal(shipped.payment_status, 'paid');
  });

  it('are sent by hand when somebody says so, and can be cancelled while they wait', async () => {
    await ok(member.post('/v1/stock-locations', { location: 'made-to-order', sender: aSender }));
    const lines = [{ sku: 'ENGRAVED', quantity: 1, unit_price: '700' }];
    const placed = await place({ lines });
    const one = await waitingPackage(placed);
    const path = `/v1/orders/${placed.id}/fulfillments/${one.id}/label`;
    assert.deepEqual((await member.get(path)).body.code, 'orders.label_not_found');
    await ok(member.post(path, { by: 'carrier' }));
    await waitingPackage(placed);
    const tracking = { carrier: 'Courier', number: 'C-1' };
    await ok(member.post(path, { by: 'hand', tracking }));
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(
      [shipped.fulfillments[0].tracking_number, shipped.fulfillments[0].label_state],
      ['C-1', 'none'],
    );
    const again = await member.post(path, { by: 'hand' });
    assert.deepEqual([again.status, again.body.code], [409, 'orders.fulfillment_state']);

    const other = await place({ lines });
    await waitingPackage(other);
    await ok(member.post(`/v1/orders/${other.id}/cancel`));
    await untilCompleted(await temporalClient(), `order:${other.id}`);
    // An order that says what it weighs goes by itself.
    const weighed = await place({ lines: [{ ...lines[0], weight_grams: 40 }] });
    assert.equal((await untilOrder(member, weighed.id, 'shipped')).fulfillments[0].label_state, 'bought');
  });

  it('leave without a label from where nobody is named as the sender', async () => {
    await ok(member.delete('/v1/stock-locations/berlin'));
    const placed = await place();
    const [one] = (await untilOrder(member, placed.id, 'shipped')).fulfillments;
    assert.deepEqual([one.label_state, one.label_url, one.tracking_number], ['none', null, null]);
    assert.equal(await shipmentOf(easypost.url, one.id), null);
  });

  it('give the label back when they are cancelled, and keep one that the carrier does not take back', async () => {
    for (const isUsed of [false, true]) {
      // The package is packed, and the answer to its capture is lost for a while.
      system.processor.loses.set('capture', 1_000);
      const placed = await place();
      const packed = await untilOrder(
        member,
        placed.id,
        ({ fulfillments: [one] }) => one?.status === 'packed',
      );
      if (isUsed) {
        const code = (await shipmentFor(packed)).tracking_code ?? '';
        const moved = await fetch(`${easypost.url}/_control/trackers/${code}/advance`, { method: 'POST' });
        assert.ok(moved.ok);
      }
      await ok(member.post(`/v1/orders/${placed.id}/cancel`));
      system.processor.loses.clear();
      await untilCompleted(await temporalClient(), `order:${placed.id}`);
      const { fulfillments, payment_status: payment } = await untilOrder(member, placed.id, 'cancelled');
      assert.deepEqual(
        [fulfillments[0].label_state, fulfillments[0].label_url],
        [isUsed ? 'kept' : 'voided', null],
      );
      // Whether the capture was made before the cancellation, or never.
      assert.ok(['refunded', 'voided'].includes(payment), payment);
      assert.equal((await shipmentFor(packed)).refund_status, isUsed ? null : 'submitted');
    }
  });

  it('fail when the carrier does not take a parcel, and nothing is paid', async () => {
    const nowhere = { line1: 'Nowhere 1', city: 'No Label City', postcode: '10115', country: 'DE' };
    const placed = await place({ shipping_address: nowhere });
    const failed = await untilOrder(member, placed.id, 'failed');
    assert.equal(failed.problem.code, 'orders.carrier_refused');
    assert.doesNotMatch(failed.problem.message, /Nowhere/);
    await until(
      async () => (await member.get(`/v1/orders/${placed.id}`)).body.payment_status === 'voided' || null,
    );
    assert.equal(failed.fulfillments[0].label_state, 'refused');
  });
});
