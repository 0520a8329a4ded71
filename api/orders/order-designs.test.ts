import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createDesignOrdersConsumer } from '../../activities/designs/orders-consumer.ts';
import { freezeOrdered } from '../../db/designs/ordered.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { orderOf } from '../../test/support/orders-system.ts';
import { exampleDocument } from '../designs/design.schemas.ts';
import { createDesignsRoutes } from '../designs/routes.ts';
import { createOrderRoutes } from './routes.ts';

interface Named {
  id: string;
  version: number;
}

describe('Lines of orders that name a design', () => {
  let api: TestApi;
  let tenant: Tenant;
  let owner: ApiClient;
  before(async () => {
    api = await startTestApi((services) => [
      ...createDesignsRoutes(services),
      ...createOrderRoutes(services),
    ]);
    tenant = await api.tenant();
    owner = api.client.as(tenant.owner);
  });
  after(() => api?.close());

  const design = async (client = owner): Promise<Named> => {
    const { status, body } = await client.post('/v1/designs', { name: 'A tag', document: exampleDocument });
    assert.equal(status, 201, JSON.stringify(body));
    return { id: body.id, version: body.version };
  };
  const line = (named: Named) => ({ sku: 'TAG', quantity: 1, unit_price: '1000', design: named });
  const place = (named: Named[], more: object = {}) =>
    owner.post('/v1/orders', orderOf({ lines: named.map(line), payment: { mode: 'external' }, ...more }));
  /** As the consumer does it that hears of the order. */
  const freeze = (orderId: string, lineId: string, { id, version }: Named) =>
    api.services.database.transaction('designs', ({ sql }) =>
      freezeOrdered(sql, tenant.id, { orderId, lineId, designId: id, version }),
    );

  it('are taken with a version that there is', async () => {
    const named = await design();
    const { status, body } = await place([named]);
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(body.lines[0].design, named);
  });

  it('are refused with any other, by name, and leave no order', async () => {
    const there = await design();
    const theirs = await design(api.client.as((await api.tenant()).owner));
    const gone = await design();
    assert.equal((await owner.delete(`/v1/designs/${gone.id}`)).status, 204);
    const before = (await owner.get('/v1/orders')).body.items.length;
    for (const [named, pointer] of [
      [{ id: randomUUID(), version: 1 }, 'id'],
      [theirs, 'id'],
      [gone, 'id'],
      [{ ...there, version: 2 }, 'version'],
      [{ ...there, version: Number.MAX_SAFE_INTEGER }, 'version'],
    ] as const) {
      const { status, body } = await place([there, named]);
      assert.deepEqual([status, body.code], [422, 'orders.design_unknown'], JSON.stringify(named));
      assert.equal(body.issues[0].pointer, `/body/lines/1/design/${pointer}`);
    }
    assert.equal((await owner.get('/v1/orders')).body.items.length, before);
  });

  it('are an order that is there already, whatever has become of the design', async () => {
    const named = await design();
    const externalId = randomUUID();
    const { body: order } = await place([named], { external_id: externalId });
    await owner.delete(`/v1/designs/${named.id}`);
    const again = await place([named], { external_id: externalId });
    assert.deepEqual([again.status, again.body.id], [200, order.id]);
  });

  it('are ordered again in the newest version, in the one that was kept, or not at all', async () => {
    const [same, changed, deleted, vanished] = [
      await design(),
      await design(),
      await design(),
      await design(),
    ];
    const all = [same, changed, deleted, vanished];
    const { body: order } = await place(all);
    for (const [index, named] of all.slice(0, 3).entries())
      assert.equal(await freeze(order.id, order.lines[index].id, named), true);
    const document = { ...exampleDocument, canvas: { ...exampleDocument.canvas, width: 41 } };
    const patched = await owner.patch(`/v1/designs/${changed.id}`, { document });
    assert.equal(patched.body.version, 2, JSON.stringify(patched.body));
    for (const { id } of [deleted, vanished])
      assert.equal((await owner.delete(`/v1/designs/${id}`)).status, 204);
    const { status, body } = await owner.post(`/v1/orders/${order.id}/reorder`, {});
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(
      body.order.lines.map((one: { design: Named }) => one.design),
      [same, { ...changed, version: 2 }, deleted],
    );
    assert.deepEqual(
      body.changes.map(({ change }: { change: string }) => change),
      ['design_changed', 'design_gone', 'design_unknown'],
    );
  });

  it('keep it when they are amended: no amendment names another', async () => {
    const named = await design();
    const { body: order } = await place([named]);
    const amendment = { lines: [{ line_id: order.lines[0].id, quantity: 1, design: named }] };
    assert.equal((await owner.post(`/v1/orders/${order.id}/amend`, amendment)).status, 400);
  });

  it('can be added to an order, and are kept as those that it was placed with', async () => {
    const named = await design();
    const { body: order } = await place([named]);
    const add = (design: Named) =>
      owner.post(`/v1/orders/${order.id}/amend`, { add_lines: [{ ...line(design), quantity: 1 }] });
    const refused = await add({ ...named, version: 2 });
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.issues[0].pointer],
      [422, 'orders.design_unknown', '/body/add_lines/0/design/version'],
    );
    const { status, body } = await add(named);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.lines[1].design, named);
    const told = await api.services.database.read('orders', ({ sql }) =>
      sql<DomainEvent>(
        `select type, tenant_id as "tenantId", subject, data from orders.outbox
         where subject = $1 and type = 'order.amended'`,
        [`order:${order.id}`],
      ),
    );
    await createDesignOrdersConsumer({ database: api.services.database }).handle(told);
    assert.ok((await owner.get(`/v1/designs/${named.id}`)).body.ordered_at);
  });
});
