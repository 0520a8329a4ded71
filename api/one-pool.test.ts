import assert from 'node:assert/strict';
import { startTestApi, type ApiClient, type TestApi, type Tenant } from '../test/support/api.ts';
import { formOfRun } from '../test/support/form.ts';
import { orderOf } from '../test/support/orders-system.ts';
import { exampleDocument } from './designs/design.schemas.ts';
import { createRoutes } from './routes.ts';

/** More than the connections of the one pool that all domains share here. */
const atOnce = Array.from({ length: 25 }, (_, index) => index);

describe('Commands that go by what another domain has, all at once on one pool of connections', () => {
  let api: TestApi;
  let tenant: Tenant;
  let member: ApiClient;
  let design: { id: string };
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, ['identity', 'orders', 'designs']), {
      form: { ...formOfRun(), oneDatabase: true },
    });
    tenant = await api.tenant();
    member = api.client.as(tenant.member);
    design = (await member.post('/v1/designs', { name: 'Tag', document: exampleDocument })).body;
  });
  after(() => api?.close());

  it('share a design, and once a key', async () => {
    const address = `/v1/designs/${design.id}/shares/${tenant.admin.userId}`;
    const share = (key: string, access: string) =>
      member.put(address, { access }, { headers: { 'Idempotency-Key': key } });
    const answers = await Promise.all(
      atOnce.map((index) => share(`${index % 20}`, index % 2 ? 'edit' : 'view')),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
    assert.equal(replayed.length, 5);
    assert.equal((await share('0', 'edit')).body.code, 'idempotency.key_reused');
  });

  it('order again', async () => {
    const line = {
      sku: 'TAG',
      title: 'Tag',
      quantity: 1,
      unit_price: '1000',
      design: { id: design.id, version: 1 },
    };
    const placed = await member.post('/v1/orders', orderOf({ lines: [line] }));
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const answers = await Promise.all(
      atOnce.map(() => member.post(`/v1/orders/${placed.body.id}/reorder`, {})),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  });
});
