import assert from 'node:assert/strict';
import {
  startNoticeSystem,
  reportSecret,
  type NoticeSystem,
  type Organisation,
} from '../support/notice-system.ts';
import { bounceOf, complaintOf } from '../support/mail-reports.ts';
import type { Caller } from '../support/api.ts';

const path = '/v1/notifications/mail-reports';

describe('What mail servers tell of mails later', function () {
  this.timeout(60_000);
  let system: NoticeSystem;
  let org: Organisation;
  before(async () => {
    system = await startNoticeSystem();
  });
  after(() => system?.close());
  beforeEach(async () => {
    org = await system.organisation();
  });

  const basic = (secret: string, user = 'mail') =>
    `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  const hand = async (
    message: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${system.api.url}${path}`, {
      method: 'POST',
      headers: { authorization: basic(reportSecret), 'content-type': 'message/rfc822', ...headers },
      body: message,
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const happen = () => org.happen('endpoint.disabled', { reason: 'failing' });
  /** A mail that was sent to somebody, with its delivery. */
  const sent = async (caller: Caller) => {
    const count = system.mails(caller.email).length;
    await happen();
    const raw = await system.mail(caller.email, count + 1);
    return { raw, delivery: await org.until(caller, 'sent') };
  };
  const suppressions = async () => {
    const { body } = await org.owner.get('/v1/notifications/suppressions');
    return (body.items as Record<string, unknown>[]).map(
      ({ address, reason, category, detail, reported }) => ({
        address,
        reason,
        category,
        detail,
        reported,
      }),
    );
  };
  const reportsOf = async (id: string) =>
    (await org.owner.get(`/v1/notifications/deliveries/${id}`)).body.reports as Record<string, unknown>[];

  it('suppresses an address that bounces, once, and keeps security going there', async () => {
    const { owner } = org.tenant;
    const { raw, delivery } = await sent(owner);
    const returnPath = system.returnPath(owner.email);
    assert.match(returnPath, /^bounces\+[0-9a-v]{48}@perdure\.example$/);
    // The mail itself does not come back: its return path says it all.
    const bounce = bounceOf(raw, { to: returnPath, returned: null });
    const taken = { kind: 'bounced', outcome: 'suppressed', delivery_id: delivery.id };
    assert.deepEqual(await hand(bounce), { status: 200, body: taken });
    const entry = {
      address: owner.email,
      reason: 'bounce',
      category: null,
      detail: 'smtp; 550 5.1.1 <address>: Recipient address rejected',
      reported: true,
    };
    assert.deepEqual(await suppressions(), [entry]);
    const [report, ...others] = await reportsOf(delivery.id);
    assert.deepEqual([report?.['kind'], report?.['status'], others.length], ['bounced', '5.1.1', 0]);

    const again = { ...taken, outcome: 'again' };
    assert.deepEqual(
      (await Promise.all([hand(bounce), hand(bounceOf(raw))])).map(({ body }) => body),
      [again, again],
    );
    await happen();
    await org.until(owner, 'suppressed');
    await system.api.services.database.transaction('identity', ({ publish }) =>
      publish({
        type: 'identity.security_notice',
        tenantId: org.tenant.id,
        subject: `user:${owner.userId}`,
        data: { user_id: owner.userId, notice: 'password_changed' },
      }),
    );
    assert.match(await system.mail(owner.email, 2), /^Subject: Your password was changed\r$/m);

    const { body } = await org.owner.get('/v1/notifications/suppressions');
    assert.equal((await org.owner.delete(`/v1/notifications/suppressions/${body.items[0].id}`)).status, 204);
    assert.deepEqual((await hand(bounce)).body, again, 'it comes late, and puts nobody on the list again');
    assert.deepEqual(await suppressions(), []);
    const events = await system.api.services.database.read('notifications', ({ sql }) =>
      sql<{ type: string; data: object }>(
        `select type, data from notifications.outbox where subject = $1 order by position`,
        [`notification-delivery:${delivery.id}`],
      ),
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['notification.delivery_reported'],
    );
    assert.doesNotMatch(JSON.stringify(events), /@/);
  });

  it('suppresses an address whose reader complains, known by the headers of the mail', async () => {
    const { admin } = org.tenant;
    const { raw, delivery } = await sent(admin);
    const complaint = complaintOf(raw, { returned: 'text/rfc822-headers' });
    const { body } = await hand(complaint);
    assert.deepEqual(body, { kind: 'complaint', outcome: 'suppressed', delivery_id: delivery.id });
    assert.deepEqual(
      (await suppressions()).map(({ address, reason, detail }) => [address, reason, detail]),
      [[admin.email, 'complaint', 'abuse']],
    );
    await happen();
    await org.until(admin, 'suppressed');
  });

  it('only notes what may pass, and what is no fault of the address', async () => {
    const { owner } = org.tenant;
    const { raw, delivery } = await sent(owner);
    for (const [message, kind] of [
      [bounceOf(raw, { action: 'delayed', status: '4.4.1' }), 'delayed'],
      [bounceOf(raw, { status: '4.2.2' }), 'failed'],
      [bounceOf(raw, { action: 'relayed', status: '2.0.0' }), 'arrived'],
      [complaintOf(raw, { feedback: 'not-spam' }), 'feedback'],
    ] as const)
      assert.deepEqual((await hand(message)).body, { kind, outcome: 'noted', delivery_id: delivery.id });
    assert.equal((await hand(bounceOf(raw, { status: '5.7.1' }))).body['outcome'], 'again');
    assert.deepEqual(await suppressions(), []);
    assert.deepEqual(
      (await reportsOf(delivery.id)).map(({ kind, status }) => [kind, status]),
      [
        ['delayed', '4.4.1'],
        ['failed', '4.2.2'],
        ['arrived', '2.0.0'],
        ['feedback', null],
      ],
    );
    const figures = await system.api.services.metrics.registry.metrics();
    assert.match(figures, /^perdure_mail_reports_total\{kind="delayed",outcome="noted",.*\} 1$/m);
  });

  it('suppresses nobody without the token of a mail that they got', async () => {
    const { owner } = org.tenant;
    const { raw, delivery } = await sent(owner);
    const { raw: another } = await sent(org.tenant.admin);
    const token = /^Message-ID:\s+<(\w{48})@/m.exec(raw)?.[1] ?? '';
    const forged = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    const nameless = 'Subject: Hello\r\nTo: ada@example.com\r\n\r\nHello';
    for (const message of [
      bounceOf(nameless),
      bounceOf(nameless, { to: owner.email, diagnosis: `smtp; 550 no <${owner.email}>` }),
      bounceOf(nameless, { to: `bounces+${forged}@perdure.example` }),
      bounceOf(nameless, { envelopeId: delivery.id }),
      bounceOf(raw.replaceAll(token, forged)),
      // Of two mails at once: it is not sure which is meant.
      bounceOf(another, { envelopeId: token }),
    ]) {
      const { status, body } = await hand(message);
      assert.deepEqual([status, body['code']], [404, 'notifications.report_unmatched']);
    }
    await system.api.services.database.transaction('notifications', ({ sql }) =>
      sql('delete from notifications.deliveries where id = $1', [delivery.id]),
    );
    assert.equal((await hand(bounceOf(raw))).status, 404, 'one that is kept no longer');
    assert.deepEqual(await suppressions(), []);
  });

  it('takes reports from whoever has a secret, and nothing else from them', async () => {
    const { raw } = await sent(org.tenant.owner);
    const bounce = bounceOf(raw);
    const refusals: [Record<string, string>, number, string][] = [
      [{ authorization: basic('wrong') }, 401, 'webhooks.signature_invalid'],
      [{ authorization: basic(reportSecret, 'root') }, 401, 'webhooks.signature_invalid'],
      [{ authorization: org.tenant.owner.authorization }, 401, 'webhooks.signature_invalid'],
      [{ 'content-type': 'application/json' }, 415, 'request.unsupported_media_type'],
    ];
    for (const [headers, status, code] of refusals)
      assert.deepEqual(await hand(bounce, headers).then(({ status: got, body }) => [got, body['code']]), [
        status,
        code,
      ]);
    const unproven = await fetch(`${system.api.url}${path}`, { method: 'POST', body: bounce });
    assert.equal(unproven.status, 400);
    for (const message of ['', 'Subject: I am away\r\n\r\nBack on Monday.', '\0\xff'.repeat(100)])
      assert.deepEqual(await hand(message).then(({ status, body }) => [status, body['code']]), [
        422,
        'notifications.report_unreadable',
      ]);
    assert.equal((await hand(new Uint8Array(1_048_577))).status, 413);
    assert.deepEqual(await suppressions(), []);
    const second = await hand(bounce, { authorization: basic('another-'.repeat(4)) });
    assert.equal(second.body['outcome'], 'suppressed', 'while secrets are exchanged both are good');
  });

  it('keeps nothing of what was said of a person who is forgotten', async () => {
    const { owner } = org.tenant;
    const { raw, delivery } = await sent(owner);
    await system.api.services.database.transaction('notifications', ({ sql }) =>
      sql('delete from notifications.addresses where tenant_id = $1', [org.tenant.id]),
    );
    const { body } = await hand(bounceOf(raw, { diagnosis: 'smtp; 550 Ada Lovelace has left' }));
    assert.deepEqual(body, { kind: 'bounced', outcome: 'noted', delivery_id: delivery.id });
    const [report] = await reportsOf(delivery.id);
    assert.deepEqual([report?.['status'], report?.['detail']], ['5.1.1', null]);
  });
});
