import assert from 'node:assert/strict';
import {
  goodPassword,
  startIdentityApi,
  type IdentityApi,
  type LoggedIn,
} from '../../test/support/identity.ts';

describe('logging in', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  const refresh = (token: string) => api.client.post('/v1/sessions/refresh', { refresh_token: token });
  const meAs = (accessToken: string) =>
    api.client.as({ authorization: `Bearer ${accessToken}` }).get('/v1/users/me');
  const failuresOf = async () =>
    await api.services.database.read('identity', ({ sql }) =>
      sql<{ failures: number }>(`select failures from identity.login_throttle order by failures desc`),
    );

  it('answers a wrong password and an unknown address alike, with the same work', async () => {
    const { email } = await api.register('alike@example.com');
    const wrong = await api.logIn(email, 'not the right password');
    const unknown = await api.logIn('nobody-at-all@example.com', 'not the right password');
    assert.equal(wrong.status, 401);
    assert.equal(unknown.status, 401);
    const { trace_id: _, ...told } = wrong.body;
    const { trace_id: __, ...toldUnknown } = unknown.body;
    assert.deepEqual(told, toldUnknown);
    assert.deepEqual(Object.keys(wrong.headers), Object.keys(unknown.headers));
    // Both were counted, each under its own key, besides the network they share.
    assert.deepEqual(
      (await failuresOf()).map((row) => row.failures),
      [2, 1, 1],
    );
  });

  it('takes the address in any case', async () => {
    await api.register('case@example.com');
    assert.equal((await api.logIn('CASE@Example.com')).status, 201);
  });

  describe('against brute force', () => {
    // All tests guess from one address, which is counted too: what others have guessed must not count here.
    beforeEach(() =>
      api.services.database.read('identity', ({ sql }) => sql('delete from identity.login_throttle')),
    );

    /**
     * Each answer is a wrong password or a wait, each wrong password was counted, and the wait doubles with every one
     * beyond the five that are free. On a slow machine a wait may be over before the last guess comes.
     */
    const checkSlowed = async (answers: { status: number }[]): Promise<void> => {
      const wrong = answers.filter(({ status }) => status === 401).length;
      assert.equal(answers.filter(({ status }) => status === 429).length, answers.length - wrong);
      assert.ok(wrong >= 6, `${wrong} guesses`);
      const [account] = await api.services.database.read('identity', ({ sql }) =>
        sql<{ failures: number; wait: number }>(
          `select failures, extract(epoch from blocked_until - last_failure_at)::float8 as wait
           from identity.login_throttle order by blocked_until - last_failure_at desc limit 1`,
        ),
      );
      assert.deepEqual(account, { failures: wrong, wait: Math.min(120, 2 ** (wrong - 5)) });
    };
    const blockUntil = (moment: string) =>
      api.services.database.read('identity', ({ sql }) =>
        sql(`update identity.login_throttle set blocked_until = ${moment}`),
      );

    it('slows an account down, lets nothing through meanwhile, and never locks it for good', async () => {
      const { email } = await api.register('guessed@example.com');
      await checkSlowed(
        await Promise.all(Array.from({ length: 12 }, () => api.logIn(email, 'a guess of many'))),
      );
      await blockUntil(`now() + interval '1 minute'`);
      const slowed = await api.logIn(email, 'a guess of many');
      assert.equal(slowed.status, 429);
      assert.equal(slowed.body.code, 'identity.login_slowed');
      assert.ok(Number(slowed.headers.get('retry-after')) >= 1);
      // The right password waits as well: else the answer would tell that it is right.
      assert.equal((await api.logIn(email)).status, 429);
      await blockUntil('now()');
      assert.equal((await api.logIn(email)).status, 201);
      assert.equal((await api.logIn(email, 'a guess of many')).status, 401);
    });

    it('slows an unknown address down in the same way', async () => {
      const guess = () => api.logIn('no-such-account@example.com', 'a guess of many');
      await checkSlowed(await Promise.all(Array.from({ length: 8 }, guess)));
      await blockUntil(`now() + interval '1 minute'`);
      assert.equal((await guess()).status, 429);
    });
  });

  describe('and refreshing', () => {
    let user: LoggedIn;
    beforeEach(async () => {
      await api.services.database.read('identity', ({ sql }) => sql(`truncate identity.login_throttle`));
      user = await api.register(`refresh-${Math.random().toString(36).slice(2)}@example.com`);
    });
    /** Moves all uses of refresh tokens into the past. */
    const later = (seconds: number) =>
      api.services.database.read('identity', ({ sql }) =>
        sql(`update identity.refresh_tokens set used_at = used_at - make_interval(secs => $1)`, [seconds]),
      );

    it('gives new tokens, and the old refresh token is used up', async () => {
      const first = await refresh(user.refreshToken);
      assert.equal(first.status, 200);
      assert.notEqual(first.body.refresh_token, user.refreshToken);
      assert.equal((await meAs(first.body.access_token)).status, 200);
      const second = await refresh(first.body.refresh_token);
      assert.equal(second.status, 200);
    });

    it('gives two refreshes at once the same successor', async () => {
      const answers = await Promise.all([refresh(user.refreshToken), refresh(user.refreshToken)]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
      assert.equal(answers[0]?.body.refresh_token, answers[1]?.body.refresh_token);
    });

    it('takes reuse for theft: the whole session ends, for both hands, and the owner is told', async () => {
      const next = await refresh(user.refreshToken);
      await later(11);
      const stolen = await refresh(user.refreshToken);
      assert.equal(stolen.status, 401);
      assert.equal(stolen.body.code, 'identity.refresh_token_invalid');
      assert.equal((await refresh(next.body.refresh_token)).status, 401);
      assert.equal((await meAs(next.body.access_token)).status, 401);
      const mail = await api.mailbox.next(user.email);
      assert.equal(mail.subject, 'One of your sessions was ended');
    });

    it('refuses tokens that are forged, of another kind, or too old', async () => {
      const forged = `${user.refreshToken.slice(0, -1)}${user.refreshToken.endsWith('A') ? 'B' : 'A'}`;
      for (const token of [forged, 'rt_x', user.refreshToken.replace('rt_', 'rs_')]) {
        assert.equal((await refresh(token)).status, 401, token);
      }
      await api.services.database.read('identity', ({ sql }) =>
        sql(`update identity.refresh_tokens set expires_at = now()`),
      );
      assert.equal((await refresh(user.refreshToken)).status, 401);
    });
  });

  describe('and out', () => {
    it('ends the session that asks, with its refresh token', async () => {
      const user = await api.register('out@example.com');
      assert.equal((await api.client.as(user).delete('/v1/sessions/current')).status, 204);
      assert.equal((await api.client.as(user).get('/v1/users/me')).status, 401);
      assert.equal((await refresh(user.refreshToken)).status, 401);
    });

    it('lists the sessions, ends one, and then all others', async () => {
      const user = await api.register('many@example.com');
      const second = await api.logIn(user.email);
      await api.logIn(user.email);
      const mine = await api.client.as(user).get('/v1/sessions', { query: { limit: 2 } });
      assert.equal(mine.body.items.length, 2);
      const rest = await api.client
        .as(user)
        .get('/v1/sessions', { query: { limit: 2, cursor: mine.body.next_cursor } });
      assert.equal(rest.body.items.length, 1);
      assert.equal(rest.body.items[0].current, true);
      assert.equal((await api.client.as(user).delete(`/v1/sessions/${second.body.session_id}`)).status, 204);
      assert.equal((await meAs(second.body.access_token)).status, 401);
      const all = await api.client.as(user).delete('/v1/sessions', { query: { except_current: true } });
      assert.deepEqual(all.body, { ended: 1 });
      const everywhere = await api.client.as(user).delete('/v1/sessions');
      assert.deepEqual(everywhere.body, { ended: 1 });
      assert.equal((await api.client.as(user).get('/v1/users/me')).status, 401);
    });

    it('does not take a session of somebody else', async () => {
      const [user, other] = [
        await api.register('mine@example.com'),
        await api.register('theirs@example.com'),
      ];
      const theirs = await api.logIn(other.email, goodPassword);
      const answer = await api.client.as(user).delete(`/v1/sessions/${theirs.body.session_id}`);
      assert.equal(answer.status, 404);
      assert.equal((await meAs(theirs.body.access_token)).status, 200);
    });
  });
});
