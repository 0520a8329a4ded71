import assert from 'node:assert/strict';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { tokenIn } from '../../test/support/mailbox.ts';

const newPassword = 'seven sleepy salamanders';

describe('passwords and addresses', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  it('resets a password by a mailed link, once, and ends all sessions', async () => {
    const user = await api.register('lost@example.com');
    await api.client.post('/v1/password-resets', { email: user.email });
    await api.client.post('/v1/password-resets', { email: user.email });
    const [first, second] = [await api.mailbox.next(user.email), await api.mailbox.next(user.email)];
    const complete = (token: string, password: string) =>
      api.client.post('/v1/password-resets/complete', { token, password });
    const weak = await complete(tokenIn(first), 'lost@example.com');
    assert.equal(weak.body.code, 'identity.password_weak');
    assert.equal((await complete(tokenIn(first), newPassword)).status, 204);
    assert.equal((await complete(tokenIn(first), newPassword)).body.code, 'identity.link_invalid');
    assert.equal((await complete(tokenIn(second), newPassword)).body.code, 'identity.link_invalid');
    assert.equal((await api.client.as(user).get('/v1/users/me')).status, 401);
    assert.equal((await api.logIn(user.email)).status, 401);
    assert.equal((await api.logIn(user.email, newPassword)).status, 201);
    assert.equal((await api.mailbox.next(user.email)).subject, 'Your password was reset');
  });

  it('answers a reset for an unknown address alike, with the same rows written and no mail', async () => {
    const user = await api.register('known@example.com');
    const count = async () => {
      const [row] = await api.services.database.read('identity', ({ sql }) =>
        sql<{ links: number; events: number }>(
          `select (select count(*)::int from identity.email_links) as links,
                  (select count(*)::int from identity.outbox where type = 'identity.password_reset_requested') as events`,
        ),
      );
      return row ?? assert.fail();
    };
    const start = await count();
    const known = await api.client.post('/v1/password-resets', { email: user.email });
    const between = await count();
    const unknown = await api.client.post('/v1/password-resets', { email: 'unknown@example.com' });
    const end = await count();
    assert.deepEqual([unknown.status, unknown.body], [known.status, known.body]);
    assert.deepEqual(
      [end.links - between.links, end.events - between.events],
      [between.links - start.links, between.events - start.events],
    );
    await api.mailbox.next(user.email);
    assert.equal(await api.mailbox.count('unknown@example.com'), 0);
  });

  it('changes a password for who knows the present one, and ends the other sessions', async () => {
    const user = await api.register('change@example.com');
    const other = await api.logIn(user.email);
    const change = (current: string) =>
      api.client
        .as(user)
        .send('put', '/v1/users/me/password', { current_password: current, password: newPassword });
    const wrong = await change('not the present one');
    assert.deepEqual([wrong.status, wrong.body.code], [403, 'identity.password_wrong']);
    assert.equal((await change(user.password)).status, 204);
    assert.equal((await api.client.as(user).get('/v1/users/me')).status, 200);
    const elsewhere = { authorization: `Bearer ${other.body.access_token}` };
    assert.equal((await api.client.as(elsewhere).get('/v1/users/me')).status, 401);
    assert.equal((await api.logIn(user.email, newPassword)).status, 201);
  });

  it('changes an address when the new one is proved, and tells the old one', async () => {
    const user = await api.register('old@example.com');
    const ask = (email: string) =>
      api.client.as(user).post('/v1/users/me/email-changes', { email, password: user.password });
    assert.equal((await ask('OLD@example.com')).body.code, 'identity.email_unchanged');
    assert.equal((await ask('new@example.com')).status, 202);
    assert.equal((await api.logIn('new@example.com')).status, 401);
    const token = tokenIn(await api.mailbox.next('new@example.com'));
    const confirm = () => api.client.post('/v1/email-changes/confirm', { token });
    assert.equal((await confirm()).status, 204);
    assert.equal((await confirm()).status, 410);
    assert.equal((await api.mailbox.next('old@example.com')).subject, 'Your e-mail address was changed');
    assert.equal((await api.logIn('new@example.com')).status, 201);
    assert.equal((await api.logIn('old@example.com')).status, 401);
  });

  it('does not tell that a wanted address is taken', async () => {
    const [user, other] = [await api.register('one@example.com'), await api.register('two@example.com')];
    const ask = (email: string) =>
      api.client.as(user).post('/v1/users/me/email-changes', { email, password: user.password });
    const taken = await ask(other.email);
    assert.deepEqual(taken.body, (await ask('three@example.com')).body);
    assert.equal((await api.mailbox.next(other.email)).subject, 'You have an account already');
  });

  it('keeps API keys away from what concerns the whole account', async () => {
    const { owner } = await api.tenant();
    const key = api.client.as(await api.key(owner));
    const answers = [
      await key.get('/v1/sessions'),
      await key.delete('/v1/sessions'),
      await key.post('/v1/api-keys', { name: 'child' }),
      await key.post('/v1/users/me/deletion', { password: 'x' }),
      await key.post('/v1/users/me/email-changes', { email: 'thief@example.com', password: 'x' }),
      await key.send('put', '/v1/users/me/password', { current_password: 'x', password: newPassword }),
    ];
    for (const { status, body } of answers) {
      assert.deepEqual([status, body.code], [403, 'identity.session_required']);
    }
  });
});
