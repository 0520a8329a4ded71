import assert from 'node:assert/strict';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';

describe('the page that mailed links open', () => {
  let api: IdentityApi;
  before(async () => {
    api = await startIdentityApi();
  });
  after(() => api?.close());

  it('is where every link in a mail leads, with its token behind the #', async () => {
    const { owner } = await api.tenant();
    await api.client.as(owner).post('/v1/invitations', { email: 'invited@example.com', role: 'member' });
    const mail = await api.mailbox.next('invited@example.com');
    const url = new URL(/https?:\S+/.exec(mail.text)?.[0] ?? '');
    assert.equal(url.origin, api.url);
    assert.equal(url.search, '');
    const { status, body, headers } = await api.client.get(url.pathname);
    assert.equal(status, 200);
    assert.match(body, /<form/);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'sha256-/);
    assert.equal((await api.client.get('/account/anything-else')).status, 404);
  });

  it('shows in the mail nothing that its sender typed as markup', async () => {
    const { owner } = await api.tenant();
    const me = api.client.as(owner);
    await me.patch('/v1/users/me', { name: '<img src=x onerror=alert(1)>' });
    await me.post('/v1/invitations', { email: 'careful@example.com', role: 'viewer' });
    const { html } = await api.mailbox.next('careful@example.com');
    assert.equal(html?.includes('<img'), false);
    assert.match(html ?? '', /&lt;img src=x/);
  });
});
