import assert from 'node:assert/strict';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { createAuthenticator } from './authenticator.ts';

describe('the authenticator', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  it('believes what it knows of a session or key for five seconds and no longer', async () => {
    let now = Date.now();
    const authenticator = createAuthenticator(api.services, { now: () => now });
    const { member, owner } = await api.tenant();
    const key = await api.key(member);
    for (const caller of [member, key]) {
      assert.equal((await authenticator.authenticate(caller.authorization))?.userId, member.userId);
    }
    await api.client.as(owner).delete(`/v1/members/${member.userId}`);
    now += 4_900;
    for (const caller of [member, key]) {
      assert.ok(await authenticator.authenticate(caller.authorization));
    }
    now += 200;
    for (const caller of [member, key]) {
      await assert.rejects(authenticator.authenticate(caller.authorization), {
        code: 'identity.unauthenticated',
      });
    }
  });

  it('does not take a key past its end, though it was known a moment ago', async () => {
    let now = Date.now();
    const authenticator = createAuthenticator(api.services, { now: () => now });
    const { member } = await api.tenant();
    const key = await api.key(member);
    await api.services.database.read('identity', ({ sql }) =>
      sql(`update identity.api_keys set expires_at = now() + interval '2 seconds' where user_id = $1`, [
        member.userId,
      ]),
    );
    assert.ok(await authenticator.authenticate(key.authorization));
    now += 2_500;
    await assert.rejects(authenticator.authenticate(key.authorization));
  });

  it('looks a caller up once, however many requests come together', async () => {
    let lookUps = 0;
    const database = new Proxy(api.services.database, {
      get: (target, name) => {
        if (name === 'read') lookUps += 1;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const authenticator = createAuthenticator({ ...api.services, database });
    const key = await api.key((await api.tenant()).member);
    await Promise.all(Array.from({ length: 50 }, () => authenticator.authenticate(key.authorization)));
    assert.equal(lookUps, 1);
  });
});
