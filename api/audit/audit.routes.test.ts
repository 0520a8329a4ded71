import assert from 'node:assert/strict';
import type { Tenant } from '../../test/support/api.ts';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { until } from '../../test/support/until.ts';

describe('the audit log', () => {
  let api: IdentityApi;
  let tenant: Tenant;
  before(async () => {
    api = await startIdentityApi();
    tenant = await api.tenant();
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      await api.client.as(tenant.owner).post('/v1/api-keys', { name });
    }
    await api.client.as(tenant.owner).patch('/v1/organisation', { name: 'Renamed' });
    await until(async () => (await read({})).body.items.length === 6);
  });
  after(() => api?.close());

  const read = (query: Record<string, string | number>, caller = tenant.owner) =>
    api.client.as(caller).get('/v1/audit-log', { query });

  it('tells what was done, by whom and in which request', async () => {
    const { body } = await read({ type: 'organisation.updated' });
    assert.equal(body.items.length, 1);
    const [entry] = body.items;
    assert.equal(entry.actor_id, tenant.owner.userId);
    assert.match(entry.trace_id, /^[0-9a-f]{32}$/);
    assert.deepEqual(entry.data, { organisation_id: tenant.id, changed: ['name'] });
  });

  it('is read page by page without a gap or a repetition', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await read({ limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.next_cursor ?? undefined;
    } while (cursor);
    assert.equal(seen.length, 6);
    assert.equal(new Set(seen).size, 6);
  });

  it('refuses a cursor that was changed, or belongs to another list, tenant or filter', async () => {
    const { body } = await read({ limit: 2 });
    const cursor: string = body.next_cursor;
    const [payload = '', mac = ''] = cursor.split('.');
    const moved = Buffer.from(
      JSON.stringify({ occurredAt: '2999-01-01T00:00:00Z', eventId: tenant.id }),
    ).toString('base64url');
    const stranger = await api.tenant();
    const answers = [
      await read({ limit: 2, cursor: `${moved}.${mac}` }),
      await read({ limit: 2, cursor: payload }),
      await read({ limit: 2, cursor: `${cursor}.x` }),
      await read({ limit: 2, cursor: '' }),
      await read({ limit: 2, cursor, type: 'organisation.updated' }),
      await read({ limit: 2, cursor }, stranger.owner),
      await api.client.as(tenant.owner).get('/v1/api-keys', { query: { limit: 2, cursor } }),
    ];
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.body.code], [400, 'request.cursor_invalid']);
    }
    // The page size is no filter.
    assert.equal((await read({ limit: 3, cursor })).status, 200);
  });

  it('filters by subject, actor and time, and refuses a range that ends before it begins', async () => {
    const none = await read({ actor_id: tenant.viewer.userId });
    assert.deepEqual(none.body.items, []);
    const bySubject = await read({ subject: `organisation:${tenant.id}` });
    assert.equal(bySubject.body.items.length, 1);
    const later = await read({ from: '2999-01-01T00:00:00Z' });
    assert.deepEqual(later.body.items, []);
    const backwards = await read({ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' });
    assert.deepEqual([backwards.status, backwards.body.issues[0].pointer], [400, '/query/from']);
  });

  it('shows an organisation nothing of another', async () => {
    const stranger = await api.tenant();
    assert.deepEqual((await read({}, stranger.owner)).body.items, []);
  });
});
