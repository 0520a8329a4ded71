import assert from 'node:assert/strict';
import { goodPassword, startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { tokenIn } from '../../test/support/mailbox.ts';

describe('registering', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  const wish = (email: string) => ({
    email,
    password: goodPassword,
    name: 'Ada Lovelace',
    organisation_name: 'Analytical Engines',
  });

  it('makes an organisation and its owner once the mailed link is followed, and not before', async () => {
    const email = 'ada@example.com';
    const asked = await api.client.post('/v1/registrations', wish(email));
    assert.equal(asked.status, 202);
    assert.equal((await api.logIn(email)).status, 401);

    const token = tokenIn(await api.mailbox.next(email));
    const verified = await api.client.post('/v1/registrations/verify', { token });
    assert.equal(verified.status, 201);
    const loggedIn = await api.logIn(email);
    assert.equal(loggedIn.status, 201);
    const me = await api.client
      .as({ authorization: `Bearer ${loggedIn.body.access_token}` })
      .get('/v1/users/me');
    assert.equal(me.body.email, email);
    assert.equal(me.body.role, 'owner');
    assert.equal(me.body.organisation.name, 'Analytical Engines');

    const again = await api.client.post('/v1/registrations/verify', { token });
    assert.equal(again.status, 410);
    assert.equal(again.body.code, 'identity.link_invalid');
  });

  it('answers an address that is taken as any other, and tells its owner by mail', async () => {
    const { email } = await api.register('taken@example.com');
    const unknown = await api.client.post('/v1/registrations', wish('free@example.com'));
    const taken = await api.client.post('/v1/registrations', wish('TAKEN@example.com'));
    assert.deepEqual([taken.status, taken.body], [unknown.status, unknown.body]);
    const mail = await api.mailbox.next(email);
    assert.equal(mail.subject, 'You have an account already');
    assert.equal(mail.text.includes('#'), false);
  });

  it('gives an address that two want to the first who proves it', async () => {
    const email = 'wanted@example.com';
    await api.client.post('/v1/registrations', { ...wish(email), name: 'The first' });
    const first = tokenIn(await api.mailbox.next(email));
    await api.client.post('/v1/registrations', { ...wish(email), name: 'The second' });
    const second = tokenIn(await api.mailbox.next(email));
    const answers = await Promise.all(
      [first, second].map((token) => api.client.post('/v1/registrations/verify', { token })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [201, 410],
    );
  });

  it('refuses weak passwords with the reason', async () => {
    const weak = ['short', 'passwordpassword', 'aaaaaaaaaaaaaa', 'AnalyticalEngines', 'ada@example.com'];
    for (const password of weak) {
      const { status, body } = await api.client.post('/v1/registrations', {
        ...wish('ada@example.com'),
        password,
      });
      assert.equal(status, 400, password);
      assert.equal(body.code, 'identity.password_weak', password);
      assert.equal(body.issues[0].pointer, '/body/password');
    }
  });

  it('takes no member that it does not know, a role least of all', async () => {
    const { status, body } = await api.client.post('/v1/registrations', {
      ...wish('mallory@example.com'),
      role: 'operator',
      plan: 'development',
      email_verified_at: '2026-01-01T00:00:00Z',
    });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body.issues), /role/);
  });

  it('refuses an address that no mail can be sent to', async () => {
    for (const email of [`${'a'.repeat(65)}@example.com`, `ada@${'a'.repeat(64)}.com`, 'ada@-example.com']) {
      const { status, body } = await api.client.post('/v1/registrations', {
        email,
        password: goodPassword,
        name: 'Ada Lovelace',
        organisation_name: 'Analytical Engines',
      });
      assert.deepEqual([status, body.issues[0].pointer], [400, '/body/email'], email);
    }
  });

  it('keeps no token in events, and no address', async () => {
    const email = 'secretive@example.com';
    await api.register(email);
    const rows = await api.services.database.read('identity', ({ sql }) =>
      sql<{ data: string }>(`select data::text from identity.outbox`),
    );
    const all = rows.map(({ data }) => data).join('\n');
    assert.doesNotMatch(all, /(vt|rt|rs|ec|it)_[0-9a-f]{32}/);
    assert.equal(all.includes('@'), false);
  });
});
