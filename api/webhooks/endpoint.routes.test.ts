import assert from 'node:assert/strict';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { sealSecret } from '../../services/webhooks/endpoint-secrets.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { privateHosts } from '../../test/support/private-addresses.ts';
import { createWebhookRoutes } from './routes.ts';

const url = 'https://hooks.example.com/perdure';
const address = '/v1/webhook-endpoints';

describe('endpoints of webhooks', () => {
  let api: TestApi;
  let tenant: Tenant;
  let owner: ApiClient;
  before(async () => {
    api = await startTestApi(createWebhookRoutes);
  });
  after(() => api?.close());
  beforeEach(async () => {
    tenant = await api.tenant();
    owner = api.client.as(tenant.owner);
  });

  const make = async (settings: object = {}) => (await owner.post(address, { url, ...settings })).body;
  const events = async (): Promise<{ type: string; data: Record<string, unknown> }[]> =>
    await api.services.database.read('webhooks', ({ sql }) =>
      sql(`select type, data from webhooks.outbox where tenant_id = $1 order by position`, [tenant.id]),
    );

  it('show their secret once', async () => {
    const { status, body, headers } = await owner.post(address, { url });
    assert.equal(status, 201);
    const secret = Buffer.from(body.secret.replace(/^whsec_/, ''), 'base64');
    assert.match(body.secret, /^whsec_/);
    assert.ok(secret.length >= 24);
    const { body: later } = await owner.get(headers.get('location') ?? '');
    assert.equal(later.secret, `whsec_************${body.secret.slice(-4)}`);
    assert.deepEqual({ ...later, secret: null }, { ...body, secret: null });
    const { body: list } = await owner.get(address);
    assert.deepEqual(list.items, [later]);
    const [row] = await api.services.database.read('webhooks', ({ sql }) =>
      sql<{ all: string }>(`select endpoints::text as all from webhooks.endpoints where id = $1`, [body.id]),
    );
    assert.ok(!row?.all.includes(body.secret.slice(6)));
  });

  it('take a secret that is there already, of 24 to 64 bytes', async () => {
    const bytes = (length: number) => `whsec_${Buffer.alloc(length, 7).toString('base64')}`;
    for (const length of [24, 32, 64])
      assert.equal((await make({ secret: bytes(length) })).secret, bytes(length));
    for (const secret of [bytes(16), bytes(65), 'whsec_', 'secret', `${bytes(24)}!`])
      assert.equal((await owner.post(address, { url, secret })).status, 400, secret);
  });

  it('are nowhere in a private network, however the address is spelled', async () => {
    for (const host of [
      ...privateHosts,
      '169.254.169.254',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::a9fe:a9fe]',
      '2130706433',
      'localhost',
    ]) {
      const { status, body } = await owner.post(address, { url: `https://${host}/` });
      assert.equal(status, 422, host);
      assert.equal(body.code, 'webhooks.url_refused');
      assert.equal(body.issues[0].pointer, '/body/url');
    }
    assert.equal((await owner.post(address, { url: 'http://hooks.example.com/' })).status, 422);
    assert.equal((await owner.post(address, { url: 'https://user:word@hooks.example.com/' })).status, 422);
    assert.equal((await owner.post(address, { url: 'ftp://hooks.example.com/' })).status, 400);
    const made = await make();
    const moved = await owner.patch(`${address}/${made.id}`, { url: 'https://10.0.0.1/' });
    assert.equal(moved.status, 422);
  });

  it('hear types that there are, areas, or all', async () => {
    const { body: types } = await owner.get('/v1/webhooks/event-types');
    const known = types.items.map(({ type }: { type: string }) => type);
    assert.ok(known.includes('batch.completed') && known.includes('endpoint.disabled'));
    const wanted = ['batch.completed', 'order.*', '*', 'batch.completed'];
    assert.deepEqual((await make({ event_types: wanted })).event_types, ['batch.completed', 'order.*', '*']);
    for (const filter of ['batch.complete', 'search.batch_completed', '*.completed', 'batch*', '', 'Batch.*'])
      assert.equal((await owner.post(address, { url, event_types: [filter] })).status, 400, filter);
    assert.equal((await owner.post(address, { url, event_types: [] })).status, 400);
  });

  it('mask headers that sound like secrets, and refuse those that are ours', async () => {
    const headers = { 'X-Api-Key': 'sesame', Authorization: 'Bearer sesame', 'x-environment': 'production' };
    const made = await make({ headers });
    const masked = { 'X-Api-Key': '********', Authorization: '********', 'x-environment': 'production' };
    assert.deepEqual(made.headers, masked);
    assert.deepEqual((await owner.get(`${address}/${made.id}`)).body.headers, masked);
    const stored = await api.services.database.read('webhooks', ({ sql }) =>
      sql<{ all: string }>(`select endpoints::text as all from webhooks.endpoints`),
    );
    assert.ok(!JSON.stringify(stored).includes('sesame'));
    for (const [name, value] of [
      ['webhook-id', 'x'],
      ['Content-Type', 'x'],
      ['host', 'x'],
      ['x y', 'x'],
      ['x', 'a\r\nb: c'],
      ['x', ''],
      ['x', ' x'],
    ] as const)
      assert.equal((await owner.post(address, { url, headers: { [name]: value } })).status, 400, name);
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, place) => [`x-${place}`, 'x']));
    assert.equal((await owner.post(address, { url, headers: many })).status, 400);
    assert.equal((await owner.post(address, { url, headers: { x: 'x'.repeat(4_096) } })).status, 400);
  });

  it('are changed by those who know their state, and tell of it', async () => {
    const made = await make();
    const here = `${address}/${made.id}`;
    const { headers } = await owner.get(here);
    const match = { headers: { 'If-Match': headers.get('etag') ?? '' } };
    const change = { description: 'Warehouse', event_types: ['import.*'], rate_per_second: 5 };
    const changed = await owner.patch(here, change, match);
    assert.equal(changed.status, 200);
    assert.deepEqual({ ...changed.body, ...change }, changed.body);
    assert.equal((await owner.patch(here, { description: '' }, match)).status, 412);
    assert.equal((await owner.delete(here, match)).status, 412);
    for (const [command, state] of [
      ['pause', 'paused'],
      ['pause', 'paused'],
      ['enable', 'enabled'],
      ['enable', 'enabled'],
      ['disable', 'disabled'],
    ])
      assert.equal((await owner.post(`${here}/${command}`)).body.state, state);
    assert.equal((await owner.get(here)).body.disabled_reason, 'owner');
    assert.equal((await owner.post(`${here}/enable`)).body.disabled_reason, null);
    assert.equal((await owner.delete(here)).status, 204);
    assert.equal((await owner.get(here)).status, 404);
    assert.equal((await owner.delete(here)).status, 404);
    assert.deepEqual((await owner.get(address)).body.items, []);
    assert.deepEqual(
      (await events()).map(({ type }) => type),
      [
        'endpoint.created',
        'endpoint.updated',
        'endpoint.paused',
        'endpoint.enabled',
        'endpoint.disabled',
        'endpoint.enabled',
        'endpoint.deleted',
      ],
    );
    assert.ok(!JSON.stringify(await events()).includes(made.secret.slice(6)));
  });

  it('can be made disabled, and have a limit', async () => {
    assert.equal((await make({ state: 'disabled' })).state, 'disabled');
    const made = Array.from({ length: 49 }, () => owner.post(address, { url }));
    await Promise.all(made);
    const { status, body } = await owner.post(address, { url });
    assert.deepEqual([status, body.code], [409, 'webhooks.too_many_endpoints']);
  });

  it('have their secret rotated, with a grace', async () => {
    const made = await make();
    const here = `${address}/${made.id}`;
    const { body } = await owner.post(`${here}/rotate-secret`, { grace_seconds: 60 });
    assert.notEqual(body.secret, made.secret);
    assert.match(body.secret, /^whsec_[A-Za-z0-9+/]{32}$/);
    assert.equal(body.old_secrets.length, 1);
    const same = await owner.post(`${here}/rotate-secret`, { secret: body.secret });
    assert.deepEqual([same.status, same.body.code], [409, 'webhooks.secret_unchanged']);
    const tooLong = await owner.post(`${here}/rotate-secret`, { grace_seconds: 8 * 86_400 });
    assert.equal(tooLong.status, 400);
    const rotated = (await events()).find(({ type }) => type === 'endpoint.secret_rotated');
    assert.equal(rotated?.data['old_secret_until'], body.old_secrets[0].until);
  });

  it('whose secret can’t be opened any more are shown all the same, and get a new one', async () => {
    const made = await make();
    const here = `${address}/${made.id}`;
    const otherRing = new SecretBox(parseKeyRing(`gone:${Buffer.alloc(32, 9).toString('base64')}`));
    const owned = { tenantId: tenant.id, endpointId: made.id };
    await api.services.database.transaction('webhooks', ({ sql }) =>
      sql('update webhooks.endpoints set secret = $2 where id = $1', [
        made.id,
        sealSecret(otherRing, owned, made.secret),
      ]),
    );
    const { body: list } = await owner.get(address);
    assert.deepEqual(
      list.items.map(({ id, secret }: { id: string; secret: string }) => [id, secret]),
      [[made.id, 'whsec_************']],
    );
    const { status, body } = await owner.post(`${here}/rotate-secret`, { grace_seconds: 60 });
    assert.equal(status, 200);
    // The former one signs nothing any more.
    assert.deepEqual(body.old_secrets, []);
    assert.equal((await owner.get(here)).body.secret.slice(-4), body.secret.slice(-4));
  });

  it('recover nothing from before 14 days, and nothing while disabled', async () => {
    const { id } = await make();
    const since = (days: number) => ({ since: new Date(Date.now() - days * 86_400_000).toISOString() });
    for (const command of ['recover', 'replay-missing']) {
      const here = `${address}/${id}/${command}`;
      const old = await owner.post(here, since(14.1));
      assert.deepEqual([old.status, old.body.code], [422, 'webhooks.recovery_too_old']);
      const turned = await owner.post(here, { ...since(1), until: since(2).since });
      assert.deepEqual([turned.status, turned.body.code], [422, 'webhooks.recovery_range']);
      const accepted = await owner.post(here, since(13.9));
      assert.equal(accepted.status, 202);
      const { body } = await owner.get(accepted.headers.get('location') ?? '');
      assert.deepEqual(body, accepted.body);
    }
    await owner.post(`${address}/${id}/disable`);
    const refused = await owner.post(`${address}/${id}/recover`, since(1));
    assert.deepEqual([refused.status, refused.body.code], [409, 'webhooks.endpoint_disabled']);
  });
});
