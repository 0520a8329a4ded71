import assert from 'node:assert/strict';
import { MemberRepository } from '../../db/identity/members.repository.ts';
import { OrganisationRepository } from '../../db/identity/organisations.repository.ts';
import { goodPassword, startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { tokenIn } from '../../test/support/mailbox.ts';

describe('the people of an organisation', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  const join = (token: string, more: object = {}) =>
    api.client.post('/v1/invitations/accept', { token, ...more });
  const newcomer = { name: 'Grace Hopper', password: goodPassword };

  it('grow by invitations: a newcomer gets an account with the proved address', async () => {
    const { owner, id } = await api.tenant();
    const invited = await api.client
      .as(owner)
      .post('/v1/invitations', { email: 'Grace@example.com', role: 'admin' });
    assert.equal(invited.status, 201);
    const again = await api.client
      .as(owner)
      .post('/v1/invitations', { email: 'grace@example.com', role: 'member' });
    assert.equal(again.body.code, 'identity.already_invited');
    const mail = await api.mailbox.next('grace@example.com');
    assert.match(mail.text, /invites you to join “Organisation/);
    const token = tokenIn(mail);
    const incomplete = await join(token);
    assert.deepEqual(
      incomplete.body.issues.map(({ pointer }: { pointer: string }) => pointer),
      ['/body/name', '/body/password'],
    );
    const joined = await join(token, newcomer);
    assert.deepEqual([joined.status, joined.body.organisation_id, joined.body.role], [201, id, 'admin']);
    assert.equal((await join(token, newcomer)).status, 410);
    assert.equal((await api.logIn('grace@example.com')).body.role, 'admin');
    const member = await api.client.as(owner).get(`/v1/members/${joined.body.user_id}`);
    assert.equal(member.body.email, 'grace@example.com');
  });

  it('take in somebody with an account only as that person, who then works in both organisations', async () => {
    const user = await api.register('twofold@example.com');
    const { owner, id, viewer } = await api.tenant();
    await api.client.as(owner).post('/v1/invitations', { email: user.email, role: 'viewer' });
    const token = tokenIn(await api.mailbox.next(user.email));
    assert.equal((await join(token, newcomer)).body.code, 'identity.account_exists');
    const asAnother = await api.client.as(viewer).post('/v1/invitations/accept', { token });
    assert.equal(asAnother.body.code, 'identity.account_exists');
    const me = api.client.as(user);
    assert.equal((await me.post('/v1/invitations/accept', { token })).status, 201);
    const mine = await me.get('/v1/organisations');
    assert.deepEqual(
      mine.body.items.map((item: { role: string }) => item.role),
      ['owner', 'viewer'],
    );
    const there = await me.post(`/v1/organisations/${id}/sessions`);
    const whoami = await api.client
      .as({ authorization: `Bearer ${there.body.access_token}` })
      .get('/v1/users/me');
    assert.deepEqual([whoami.body.organisation.id, whoami.body.role], [id, 'viewer']);
    assert.equal((await me.delete(`/v1/organisations/${id}/membership`)).status, 204);
    assert.equal(
      (await api.client.as({ authorization: `Bearer ${there.body.access_token}` }).get('/v1/users/me'))
        .status,
      401,
    );
  });

  it('are not joined by a revoked invitation', async () => {
    const { owner } = await api.tenant();
    const body = { email: 'unwanted@example.com', role: 'member' };
    const invited = await api.client.as(owner).post('/v1/invitations', body);
    const token = tokenIn(await api.mailbox.next(body.email));
    assert.equal((await api.client.as(owner).delete(`/v1/invitations/${invited.body.id}`)).status, 204);
    assert.equal((await join(token, newcomer)).status, 410);
  });

  it('let only owners deal with owners, and nobody make an operator', async () => {
    const { owner, admin, member } = await api.tenant();
    const as = (caller: typeof owner) => api.client.as(caller);
    const attempts = [
      await as(admin).patch(`/v1/members/${admin.userId}`, { role: 'owner' }),
      await as(admin).patch(`/v1/members/${owner.userId}`, { role: 'viewer' }),
      await as(admin).delete(`/v1/members/${owner.userId}`),
      await as(admin).post('/v1/invitations', { email: 'accomplice@example.com', role: 'owner' }),
    ];
    for (const { status, body } of attempts) {
      assert.deepEqual([status, body.code], [403, 'identity.role_not_allowed']);
    }
    assert.equal((await as(owner).patch(`/v1/members/${member.userId}`, { role: 'operator' })).status, 400);
    assert.equal((await as(owner).patch(`/v1/members/${member.userId}`, { role: 'owner' })).status, 200);
  });

  it('are removed by the role that they have when it is done', async () => {
    const { id, admin, member } = await api.tenant();
    const { database } = api.services;
    const removed = await database.transaction('identity', async (transaction) => {
      await new OrganisationRepository(transaction, id).lock();
      await new MemberRepository(transaction, id).setRole(member.userId, 'owner');
      const removal = api.client.as(admin).delete(`/v1/members/${member.userId}`);
      await untilWaiting(database, 'identity', 1);
      return { removal };
    });
    const { status, body } = await removed.removal;
    assert.deepEqual([status, body.code], [403, 'identity.role_not_allowed']);
  });

  it('keep one owner, even when two go at the same moment', async () => {
    const tenant = await api.tenant();
    const second = await api.user(tenant.id, 'owner');
    const alone = await api.tenant();
    const demoted = await api.client
      .as(alone.owner)
      .patch(`/v1/members/${alone.owner.userId}`, { role: 'admin' });
    assert.equal(demoted.body.code, 'identity.last_owner');
    const answers = await Promise.all([
      api.client.as(tenant.owner).delete(`/v1/members/${tenant.owner.userId}`),
      api.client.as(second).delete(`/v1/members/${second.userId}`),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [204, 409],
    );
  });

  it('lose sessions and keys with their membership', async () => {
    const { owner, member } = await api.tenant();
    const key = await api.key(member);
    assert.equal((await api.client.as(owner).delete(`/v1/members/${member.userId}`)).status, 204);
    assert.equal((await api.client.as(member).get('/v1/users/me')).status, 401);
    assert.equal((await api.client.as(key).get('/v1/users/me')).status, 401);
  });

  it('all go with their organisation when its owner deletes it by name', async () => {
    const { owner, member } = await api.tenant();
    const { body } = await api.client.as(owner).get('/v1/organisation');
    const wrong = await api.client.as(owner).delete('/v1/organisation', { query: { name: 'Another' } });
    assert.equal(wrong.status, 400);
    const gone = await api.client.as(owner).delete('/v1/organisation', { query: { name: body.name } });
    assert.equal(gone.status, 204);
    assert.equal((await api.client.as(member).get('/v1/users/me')).status, 401);
  });
});
