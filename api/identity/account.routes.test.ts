import assert from 'node:assert/strict';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import type { Tenant } from '../../test/support/api.ts';

describe('an account', () => {
  let api: IdentityApi;
  let tenant: Tenant;
  before(async () => {
    api = await startIdentityApi();
    tenant = await api.tenant();
  });
  after(() => api?.close());

  it('has a profile of its kind, and takes no member of another kind', async () => {
    const me = api.client.as(tenant.viewer);
    assert.deepEqual((await me.get('/v1/users/me/profile')).body, { kind: 'person' });
    const va = {
      kind: 'va',
      skills: ['bookkeeping', 'customer care'],
      hourly_rate: { amount: '12.50', currency: 'USD' },
      country: 'PH',
    };
    assert.deepEqual((await me.put('/v1/users/me/profile', va)).body, va);
    const mixed = await me.put('/v1/users/me/profile', { kind: 'person', hourly_rate: va.hourly_rate });
    assert.equal(mixed.status, 400);
    const company = { kind: 'company', company_name: 'Analytical Engines', website: 'javascript:alert(1)' };
    const refused = await me.put('/v1/users/me/profile', company);
    assert.equal(refused.body.issues[0].pointer, '/body/website');
  });

  it('refuses an edit of an older state', async () => {
    const me = api.client.as(tenant.member);
    const first = await me.get('/v1/users/me/preferences');
    const match = { headers: { 'If-Match': first.headers.get('etag') ?? '' } };
    const dark = await me.put('/v1/users/me/preferences', { theme: 'dark', time_zone: 'Asia/Manila' }, match);
    assert.equal(dark.status, 200);
    assert.equal(dark.body.language, 'en');
    const late = await me.put('/v1/users/me/preferences', { theme: 'light' }, match);
    assert.deepEqual([late.status, late.body.code], [412, 'request.precondition_failed']);
    const again = await me.get('/v1/users/me/preferences');
    assert.equal(again.headers.get('etag'), dark.headers.get('etag'));
    const nowhere = await me.put('/v1/users/me/preferences', { time_zone: 'Mars/Olympus' });
    assert.equal(nowhere.status, 400);
  });

  it('takes no member beyond those it shows for editing', async () => {
    const me = api.client.as(tenant.viewer);
    for (const more of [
      { role: 'owner' },
      { email: 'x@example.com' },
      { id: tenant.owner.userId },
      { version: 9 },
    ]) {
      const { status } = await me.patch('/v1/users/me', { name: 'Mallory', ...more });
      assert.equal(status, 400, JSON.stringify(more));
    }
    assert.equal((await me.patch('/v1/users/me', { name: 'Ada' })).body.name, 'Ada');
  });

  it('makes keys that are shown once, hold their scopes, run out and are revoked', async () => {
    const me = api.client.as(tenant.member);
    const made = await me.post('/v1/api-keys', { name: 'script', scopes: ['account:read', 'keys:read'] });
    assert.equal(made.status, 201);
    assert.match(made.body.key, /^pk_[A-Za-z0-9_-]{43}$/);
    const shown = await me.get(`/v1/api-keys/${made.body.id}`);
    assert.equal('key' in shown.body, false);
    const stored = await api.services.database.read('identity', ({ sql }) =>
      sql(`select k::text as row from identity.api_keys k`),
    );
    assert.equal(JSON.stringify(stored).includes(made.body.key), false);

    const key = api.client.as({ authorization: `Bearer ${made.body.key}` });
    assert.deepEqual((await key.get('/v1/users/me')).body.scopes, ['account:read', 'keys:read']);
    assert.equal((await key.patch('/v1/users/me', { name: 'No' })).status, 403);
    assert.notEqual((await me.get(`/v1/api-keys/${made.body.id}`)).body.last_used_at, null);
    const beyond = await me.post('/v1/api-keys', { name: 'greedy', scopes: ['members:write'] });
    assert.equal(beyond.body.code, 'identity.scope_not_allowed');
    const past = await me.post('/v1/api-keys', { name: 'late', expires_at: '2020-01-01T00:00:00Z' });
    assert.equal(past.body.issues[0].pointer, '/body/expires_at');

    const other = await api.user(tenant.id, 'member');
    assert.equal((await api.client.as(other).delete(`/v1/api-keys/${made.body.id}`)).status, 404);
    assert.equal((await api.client.as(tenant.admin).delete(`/v1/api-keys/${made.body.id}`)).status, 204);
    assert.equal((await key.get('/v1/users/me')).status, 401);
  });

  it('loses the scopes of its keys with the role that granted them', async () => {
    const admin = await api.user(tenant.id, 'admin');
    const key = await api.key(admin);
    assert.equal((await api.client.as(key).get('/v1/members')).status, 200);
    await api.client.as(tenant.owner).patch(`/v1/members/${admin.userId}`, { role: 'viewer' });
    assert.equal((await api.client.as(key).get('/v1/members')).status, 403);
  });
});
