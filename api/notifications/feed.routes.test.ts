import assert from 'node:assert/strict';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { feedItem, tell } from '../../test/support/feeds.ts';
import { createNotificationRoutes } from './routes.ts';

describe('the feed by the API', () => {
  let api: TestApi;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    api = await startTestApi(createNotificationRoutes, { env: { WEB_ORIGINS: 'https://app.example' } });
  });
  after(() => api?.close());
  beforeEach(async () => {
    tenant = await api.tenant();
    member = api.client.as(tenant.member);
  });

  const fill = (count: number, category = 'orders') =>
    tell(
      api.services.database,
      ...Array.from({ length: count }, () => feedItem(tenant.member, { category })),
    );
  const unread = async (client = member) => (await client.get('/v1/notifications/unread-count')).body.unread;

  it('lists what a user was told, newest first, by pages and filters', async () => {
    await fill(3);
    await fill(2, 'batches');
    const first = (await member.get('/v1/notifications?limit=2')).body;
    const second = (await member.get('/v1/notifications', { query: { limit: 2, cursor: first.next_cursor } }))
      .body;
    const sequences = [...first.items, ...second.items].map((item: { sequence: number }) => item.sequence);
    assert.deepEqual(sequences, [5, 4, 3, 2]);
    const { items } = (await member.get('/v1/notifications?category=batches&unread=true')).body;
    assert.equal(items.length, 2);
    assert.equal((await member.get('/v1/notifications?archived=true')).body.items.length, 0);
    const one = await member.get(`/v1/notifications/${items[0].id}`);
    assert.deepEqual(one.body, items[0]);
    assert.equal(await unread(), 5);
    const foreign = await api.client
      .as(tenant.owner)
      .get('/v1/notifications', { query: { limit: 2, cursor: first.next_cursor } });
    assert.deepEqual([foreign.status, foreign.body.code], [400, 'request.cursor_invalid']);
  });

  it('marks one, and all up to one, once a key', async () => {
    await fill(3);
    const [newest, middle] = (await member.get('/v1/notifications')).body.items;
    const key = { headers: { 'idempotency-key': 'mark-1' } };
    const archived = await member.post(`/v1/notifications/${newest.id}/archive`, undefined, key);
    assert.equal(archived.status, 200);
    assert.ok(archived.body.archived_at && archived.body.read_at);
    await member.post(`/v1/notifications/${newest.id}/unread`);
    const again = await member.post(`/v1/notifications/${newest.id}/archive`, undefined, key);
    assert.deepEqual(again.body, archived.body);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(await unread(), 3);
    const all = await member.post('/v1/notifications/read-all', { up_to: middle.id });
    assert.deepEqual(all.body, { changed: 2, unread: 1 });
    assert.deepEqual((await member.post('/v1/notifications/archive-all', {})).body, {
      changed: 3,
      unread: 0,
    });
    assert.deepEqual((await member.get('/v1/notifications')).body.items, []);
    assert.deepEqual((await member.post('/v1/notifications/unarchive-all', {})).body, {
      changed: 3,
      unread: 0,
    });
  });

  it('is a 404 for everybody else, colleagues as well', async () => {
    await fill(1);
    const [item] = (await member.get('/v1/notifications')).body.items;
    for (const other of [tenant.owner, (await api.tenant()).owner]) {
      const client = api.client.as(other);
      assert.deepEqual((await client.get('/v1/notifications')).body.items, []);
      for (const answer of [
        await client.get(`/v1/notifications/${item.id}`),
        await client.post(`/v1/notifications/${item.id}/read`),
        await client.post('/v1/notifications/read-all', { up_to: item.id }),
      ])
        assert.deepEqual([answer.status, answer.body.code], [404, 'notifications.notification_not_found']);
    }
    assert.equal(await unread(), 1);
  });

  it('may be read by pages of the origins that are named, and no others', async () => {
    const ask = (origin: string) => member.get('/v1/notifications/unread-count', { headers: { origin } });
    const named = await ask('https://app.example');
    assert.equal(named.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal((await ask('https://evil.example')).headers.get('access-control-allow-origin'), null);
  });
});
