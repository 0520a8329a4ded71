import assert from 'node:assert/strict';
import { newApiKey } from '../../domain/identity/api-key.ts';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { ensureDevelopmentAccount } from './development.ts';
import { makeOperator } from './operators.ts';
import { cleanIdentity } from './retention.ts';

describe('accounts that no request makes', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  it('are the development account, with its key and password, made once however often it is asked for', async () => {
    const account = { apiKey: newApiKey(), email: 'dev@perdure.local', password: 'development only, please' };
    const made = await Promise.all(
      [1, 2].map(() => ensureDevelopmentAccount(api.services.database, account)),
    );
    assert.deepEqual(made[0], made[1]);
    const key = api.client.as({ authorization: `Bearer ${account.apiKey}` });
    const { body } = await key.get('/v1/users/me');
    assert.deepEqual([body.organisation.name, body.role], ['Development', 'owner']);
    assert.equal((await api.logIn(account.email, account.password)).status, 201);

    const [own] = (await key.get('/v1/api-keys')).body.items;
    await key.delete(`/v1/api-keys/${own.id}`);
    assert.equal((await key.get('/v1/users/me')).status, 401);
    await ensureDevelopmentAccount(api.services.database, account);
    assert.equal((await key.get('/v1/users/me')).status, 200);
  });

  it('are operators, who look after the platform and see no data of tenants', async () => {
    const user = await api.register('operator@example.com');
    const { tenantId } = await makeOperator(api.services.database, user.email);
    assert.deepEqual(await makeOperator(api.services.database, user.email), { tenantId });
    const { body } = await api.client.post('/v1/sessions', {
      email: user.email,
      password: user.password,
      organisation_id: tenantId,
    });
    const me = await api.client.as({ authorization: `Bearer ${body.access_token}` }).get('/v1/users/me');
    assert.equal(me.body.role, 'operator');
    const own = ['account:read', 'account:write', 'notifications:read', 'notifications:write'];
    assert.deepEqual(
      me.body.scopes.filter((scope: string) => !own.includes(scope)),
      ['outbox:read', 'outbox:write', 'codec:read'],
    );
  });

  it('are forgotten with what is over for a month, and nothing else is', async () => {
    const { database } = api.services;
    const user = await api.register('lasting@example.com');
    const clean = () => database.transaction('identity', ({ sql }) => cleanIdentity(sql));
    assert.equal(await clean(), 0);
    await api.client.post('/v1/password-resets', { email: user.email });
    const second = await api.logIn(user.email);
    await database.transaction('identity', ({ sql }) =>
      sql(`update identity.sessions set expires_at = now() - interval '31 days' where id = $1`, [
        second.body.session_id,
      ]),
    );
    await database.transaction('identity', ({ sql }) =>
      sql(`update identity.email_links set expires_at = now() - interval '31 days'`),
    );
    assert.equal(await clean(), 2);
    assert.equal((await api.client.as(user).get('/v1/users/me')).status, 200);
  });
});
