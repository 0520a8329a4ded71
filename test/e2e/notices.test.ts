import assert from 'node:assert/strict';
import { createNoticeConsumer } from '../../activities/notifications/notice-consumer.ts';
import { claimMails } from '../../db/notifications/claims.ts';
import { minutesOf, nextTimeOfDay } from '../../domain/notifications/local-time.ts';
import { MailTokens } from '../../domain/notifications/mail-tokens.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { Composer } from '../../services/notifications/composer.ts';
import type { Caller } from '../support/api.ts';
import { verifyDkim } from '../support/dkim.ts';
import { startNoticeSystem, type NoticeSystem, type Organisation } from '../support/notice-system.ts';
import { until } from '../support/until.ts';

const exhausted = { message_id: 'm', message_type: 'batch.completed', attempts: 8 };
const disabled = { reason: 'failing' };

describe('Notices', () => {
  let system: NoticeSystem;
  before(async () => {
    system = await startNoticeSystem();
  });
  after(() => system?.close());

  const say = async (caller: Caller, settings: object) => {
    const { status, body } = await system.api.client
      .as(caller)
      .put('/v1/notifications/preferences', settings);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  /** The clock on the wall, some minutes from now, by UTC. */
  const wall = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);
  const quietNow = () => ({ from: wall(-60), to: wall(60) });
  const headerOf = (raw: string, name: string): string =>
    (new RegExp(`^${name}:((?:.*\\r\\n[ \\t])*.*)\\r\\n`, 'im').exec(raw)?.[1] ?? '')
      .trim()
      .replaceAll(/\r\n[ \t]+/g, ' ');
  const linkIn = (raw: string): URL => new URL(/<(.*)>/.exec(headerOf(raw, 'List-Unsubscribe'))?.[1] ?? '');
  const click = (url: string | URL, body = 'List-Unsubscribe=One-Click') =>
    fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body,
    });
  const suppressions = async ({ owner }: Organisation) =>
    (await owner.get('/v1/notifications/suppressions')).body.items as {
      id: string;
      address: string;
      reason: string;
      category: string | null;
      detail: string | null;
    }[];

  it('gather into a signed digest that unsubscribes by one click, and by nothing else', async () => {
    const org = await system.organisation();
    const { owner } = org.tenant;
    await say(owner, { categories: { webhook_health: { email: 'daily' } }, digest_time: '09:15' });
    const now = new Date();
    await org.happen('message.attempt_exhausted', exhausted);
    await org.happen('message.recovered', exhausted);
    const waiting = await until(async () => {
      const [digest] = await org.deliveriesTo(owner);
      return digest?.notices.length === 2 ? digest : null;
    });
    const due = nextTimeOfDay('UTC', now, minutesOf('09:15'));
    assert.equal(waiting.next_attempt_at, due.toISOString());
    assert.equal(system.mails(owner.email).length, 0);

    await org.pass();
    const raw = await system.mail(owner.email);
    assert.match(headerOf(raw, 'Subject'), /^Health of webhooks: 2 notices$/);
    assert.match(raw, /do not arrive[\s\S]*arrive at[\s\S]*again/);
    assert.equal(headerOf(raw, 'List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click');
    const verdict = verifyDkim(raw, system.publicKey);
    assert.deepEqual([verdict.valid, verdict.domain, verdict.selector], [true, 'perdure.example', 'test']);
    for (const header of ['list-unsubscribe', 'list-unsubscribe-post', 'from', 'subject', 'date', 'to'])
      assert.ok(verdict.covers.includes(header), header);
    for (const [from, to] of [
      ['One-Click', 'Two-Click'],
      ['2 notices', '3 notices'],
      ['hooks.example.com', 'hooks.example.net'],
    ] as const)
      assert.equal(verifyDkim(raw.replaceAll(from, to), system.publicKey).valid, false, from);

    const link = linkIn(raw);
    assert.doesNotMatch(link.href, new RegExp(owner.email.split('@')[0] ?? '-'));
    const page = await fetch(link);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<form method="post">/);
    assert.deepEqual(await suppressions(org), [], 'to read the page changes nothing');
    const otherEnd = `${link.href.slice(0, -1)}${link.href.endsWith('A') ? 'E' : 'A'}`;
    for (const forged of [otherEnd, link.href.replace('.webhook_health.', '.orders.')]) {
      assert.equal((await fetch(forged)).status, 404);
      assert.equal((await click(forged)).status, 404);
    }
    assert.equal((await click(link, 'List-Unsubscribe=No')).status, 400);
    assert.deepEqual(await suppressions(org), []);

    for (let again = 0; again < 2; again += 1) {
      const answer = await click(link);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('set-cookie'), null);
    }
    const [entry, ...others] = await suppressions(org);
    assert.deepEqual(
      [entry?.address, entry?.reason, entry?.category, others.length],
      [owner.email.toLowerCase(), 'unsubscribe', 'webhook_health', 0],
    );

    await say(owner, {});
    await org.happen('endpoint.disabled', disabled);
    const held = await org.until(owner, 'suppressed');
    assert.match(held.attempts_made[0]?.answer ?? '', /unsubscribe/);
    assert.equal(system.mails(owner.email).length, 1);
    const { body } = await org.owner.get('/v1/notifications/preferences');
    assert.deepEqual(body.unsubscribed, ['webhook_health']);

    const again = await say(owner, { categories: { webhook_health: { email: 'instant' } } });
    assert.deepEqual(again.unsubscribed, []);
    await org.happen('endpoint.disabled', disabled);
    await system.mail(owner.email, 2);
  });

  it('suppress an address that bounces, try again later what is deferred, and repeat no address in the log', async () => {
    const org = await system.organisation();
    const { owner, admin } = org.tenant;
    system.answers.set(owner.email, [550]);
    system.answers.set(admin.email, [451]);
    await org.happen('endpoint.disabled', disabled);
    const bounced = await org.until(owner, 'failed');
    assert.deepEqual(
      bounced.attempts_made.map(({ outcome, status, answer }) => [outcome, status, answer]),
      [['refused', 550, '550 nothing for <address>']],
    );
    const [entry] = await suppressions(org);
    assert.deepEqual([entry?.address, entry?.reason, entry?.category], [owner.email, 'bounce', null]);

    const later = await until(async () => {
      const [mail] = await org.deliveriesTo(admin);
      return mail?.attempts === 1 && mail.state === 'pending' ? mail : null;
    });
    const wait = Date.parse(String(later.next_attempt_at)) - Date.now();
    assert.ok(wait > 30_000 && wait < 75_000, `${wait} ms`);
    await org.pass();
    const sent = await org.until(admin, 'sent');
    assert.deepEqual(
      sent.attempts_made.map(({ outcome, status }) => [outcome, status]),
      [
        ['deferred', 451],
        ['sent', 250],
      ],
    );

    await org.happen('endpoint.disabled', disabled);
    await org.until(owner, 'suppressed');
    assert.equal(system.mails(owner.email).length, 0);
    const path = `/v1/notifications/suppressions/${entry?.id}`;
    assert.equal((await org.owner.delete(path)).status, 204);
    assert.equal((await org.owner.delete(path)).status, 404);
    await org.happen('endpoint.disabled', disabled);
    await system.mail(owner.email);
  });

  it('wait for the end of quiet hours, and then say what has happened and what was taken back', async () => {
    const org = await system.organisation();
    const { owner, admin } = org.tenant;
    const hours = quietNow();
    await say(owner, { quiet_hours: hours });
    await org.happen('message.attempt_exhausted', exhausted);
    await org.happen('message.recovered', exhausted);
    await system.mail(admin.email, 2);
    const [held, ...others] = await until(async () => {
      const mails = await org.deliveriesTo(owner);
      return mails[0]?.notices.length === 2 ? mails : null;
    });
    assert.equal(others.length, 0);
    assert.equal(held?.next_attempt_at?.slice(11, 16), hours.to);
    const { body } = await org.owner.get('/v1/notifications/notices');
    assert.equal((body.items as unknown[]).length, 4, 'what happens is told of at once, to two people');

    await org.pass();
    const stillHeld = await until(async () => {
      const [mail] = await org.deliveriesTo(owner);
      return mail?.next_attempt_at?.slice(11, 16) === hours.to ? mail : null;
    });
    assert.deepEqual([stillHeld.state, stillHeld.attempts], ['pending', 0], 'whoever comes too early');
    await say(owner, { quiet_hours: 'none' });
    await org.pass();
    const raw = await system.mail(owner.email);
    assert.match(raw, /do not arrive[\s\S]*arrive at[\s\S]*again/);
    assert.equal(system.mails(owner.email).length, 1);
  });

  it('come once, however often their event comes and however many senders there are', async () => {
    const org = await system.organisation();
    const { owner } = org.tenant;
    const { database, config } = system.api.services;
    const others = [system.startSender(), system.startSender()];
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await org.happen('endpoint.disabled', disabled));
    await system.mail(owner.email, ids.length);
    const consumer = createNoticeConsumer({ database, composer: new Composer({ database, config }) });
    const event = (id: string): DomainEvent => ({
      id,
      domain: 'webhooks',
      type: 'endpoint.disabled',
      version: 1,
      tenantId: org.tenant.id,
      subject: `webhook-endpoint:${org.endpointId}`,
      occurredAt: new Date().toISOString(),
      data: { endpoint_id: org.endpointId, ...disabled },
      actorId: null,
      traceId: null,
    });
    await Promise.all(ids.map((id) => consumer.handle([event(id)])));
    await org.happen('message.attempt_exhausted', exhausted);
    await org.happen('message.attempt_exhausted', { ...exhausted, message_id: 'another' });
    // The newest may be one of before, for as long as the event is on its way.
    await until(async () => {
      const all = await org.deliveriesTo(owner);
      return all.length > ids.length && all.every(({ state }) => state !== 'pending');
    });
    await Promise.all(others.map((sending) => sending.stop()));
    const ends = await org.deliveriesTo(owner);
    assert.deepEqual(
      ends.map(({ state, attempts }) => [state, attempts]),
      Array.from({ length: ids.length + 1 }, () => ['sent', 1]),
    );
    assert.equal(system.mails(owner.email).length, ids.length + 1);
    const names = system.mails(owner.email).map((raw) => headerOf(raw, 'Message-ID'));
    assert.equal(new Set(names).size, names.length);
  });

  it('go at once where they are critical, whatever was said and whatever the hour', async () => {
    const org = await system.organisation();
    const { member } = org.tenant;
    await say(member, {
      categories: { batches: { email: 'never', in_app: 'never' }, webhook_health: { email: 'never' } },
      quiet_hours: quietNow(),
    });
    const bounce = { address: member.email, reason: 'complaint' };
    assert.equal((await org.owner.post('/v1/notifications/suppressions', bounce)).status, 201);
    await system.api.services.database.transaction('identity', ({ publish }) =>
      publish({
        type: 'identity.security_notice',
        tenantId: org.tenant.id,
        subject: `user:${member.userId}`,
        data: { user_id: member.userId, notice: 'password_changed' },
      }),
    );
    const raw = await system.mail(member.email);
    assert.equal(headerOf(raw, 'Subject'), 'Your password was changed');
    assert.equal(headerOf(raw, 'List-Unsubscribe'), '', 'nobody unsubscribes from security');
    assert.equal((await system.api.client.as(member).post('/v1/notifications/test')).status, 202);
    assert.equal(headerOf(await system.mail(member.email, 2), 'Subject'), 'This is a test');
    const { body } = await system.api.client.as(member).get('/v1/notifications');
    assert.deepEqual(
      (body.items as { title: string; severity: string }[]).map(({ title, severity }) => [title, severity]),
      [
        ['This is a test', 'info'],
        ['Your password was changed', 'critical'],
      ],
    );
  });

  it('are not sent where somebody wants none, also if that was said while they waited', async () => {
    const org = await system.organisation();
    const { owner, admin } = org.tenant;
    await say(owner, { categories: { webhook_health: { email: 'never' } } });
    await say(admin, { categories: { webhook_health: { email: 'hourly' } } });
    await org.happen('endpoint.disabled', disabled);
    await until(async () => (await org.deliveriesTo(admin)).length === 1);
    assert.deepEqual(await org.deliveriesTo(owner), []);
    await say(admin, { categories: { webhook_health: { email: 'never' } } });
    await org.pass();
    await org.until(admin, 'skipped');
    assert.deepEqual([...system.mails(owner.email), ...system.mails(admin.email)], []);
  });

  it('outlive the process that sends them: sent once more by the same name, and not a third time', async () => {
    const org = await system.organisation();
    const { owner, admin } = org.tenant;
    const { database } = system.api.services;
    await org.owner.put('/v1/notifications/organisation-preferences', {
      categories: { webhook_health: { email: 'daily' } },
    });
    await org.happen('endpoint.disabled', disabled);
    await until(async () => (await org.deliveriesTo(admin)).length === 1);
    /** A process takes the mails of a user and dies. */
    const die = async (caller: Caller, times: number) => {
      await database.transaction('notifications', ({ sql }) =>
        sql(
          `update notifications.deliveries set claim = gen_random_uuid(), claimed_at = now(), attempts = attempts + 1,
             open = false, unknown = $3, due_at = now() where tenant_id = $1 and user_id = $2 and state = 'pending'`,
          [org.tenant.id, caller.userId, times - 1],
        ),
      );
    };
    await die(owner, 1);
    await die(admin, 2);
    await org.pass();
    const sent = await org.until(owner, 'sent');
    assert.deepEqual(
      sent.attempts_made.map(({ number, outcome }) => [number, outcome]),
      [
        [1, 'unknown'],
        [2, 'sent'],
      ],
    );
    const tokens = new MailTokens(system.api.services.config.ENCRYPTION_KEYS);
    const name = /^<(\w+)@/.exec(headerOf(await system.mail(owner.email), 'Message-ID'))?.[1] ?? '';
    assert.equal(tokens.read(name), sent.id);
    const lost = await org.until(admin, 'unknown');
    assert.deepEqual(
      lost.attempts_made.map(({ outcome }) => outcome),
      ['unknown'],
    );
    assert.equal(system.mails(admin.email).length, 0);
  });

  it('are claimed by one sender alone', async () => {
    const org = await system.organisation();
    await org.owner.put('/v1/notifications/organisation-preferences', {
      categories: { webhook_health: { email: 'daily' } },
    });
    await org.happen('endpoint.disabled', disabled);
    await until(async () => (await org.deliveriesTo(org.tenant.owner)).length === 1);
    const { database } = system.api.services;
    const own = ({ mails }: { mails: { tenantId: string }[] }) =>
      mails.filter(({ tenantId }) => tenantId === org.tenant.id);
    await database
      .transaction('notifications', async ({ sql }) => {
        await sql(`update notifications.deliveries set due_at = now() where tenant_id = $1`, [org.tenant.id]);
        const first = own(await claimMails(sql, 100, null));
        assert.equal(first.length, 2);
        const beside = await database.transaction('notifications', (other) =>
          claimMails(other.sql, 100, null),
        );
        assert.deepEqual(own(beside), []);
        throw new Error('as a process that dies');
      })
      .catch((error: Error) => assert.equal(error.message, 'as a process that dies'));
  });

  it('go to the organisation’s endpoints where it has asked for that, and only there', async () => {
    const org = await system.organisation();
    const { database } = system.api.services;
    const told = () =>
      database.read('notifications', ({ sql }) =>
        sql<{ data: Record<string, unknown> }>(
          `select data from notifications.outbox where tenant_id = $1 and type = 'notification.created'`,
          [org.tenant.id],
        ),
      );
    await org.happen('endpoint.disabled', disabled);
    await org.until(org.tenant.owner, 'sent');
    assert.deepEqual(await told(), []);
    const settings = { categories: { webhook_health: { email: 'never', webhook: 'instant' } } };
    assert.equal((await org.owner.put('/v1/notifications/organisation-preferences', settings)).status, 200);
    await org.happen('endpoint.disabled', disabled);
    const events = await until(async () => {
      const rows = await told();
      return rows.length === 2 ? rows : null;
    });
    assert.deepEqual(events[0]?.data['category'], 'webhook_health');
    assert.doesNotMatch(JSON.stringify(events), /@|secret-path/);
  });

  it('keep what was said by each for themselves, and forget it with who has left', async () => {
    const org = await system.organisation();
    const { viewer, admin } = org.tenant;
    const client = system.api.client.as(viewer);
    const { headers } = await client.get('/v1/notifications/preferences');
    const stale = { 'If-Match': headers.get('etag') ?? '' };
    await say(viewer, { categories: { batches: { email: 'hourly' } } });
    const path = '/v1/notifications/preferences';
    assert.equal((await client.send('put', path, {}, { headers: stale })).status, 412);
    assert.equal((await client.put(path, { categories: { security: { email: 'never' } } })).status, 400);
    const others = await system.api.client.as(admin).get(path);
    assert.equal(others.body.effective.categories.batches.email, 'instant');
    assert.equal((await client.get('/v1/notifications/organisation-preferences')).status, 403);

    assert.equal((await org.owner.delete(`/v1/members/${viewer.userId}`)).status, 204);
    await until(async () => {
      const rows = await system.api.services.database.read('notifications', ({ sql }) =>
        sql('select 1 from notifications.preferences where user_id = $1', [viewer.userId]),
      );
      return rows.length === 0;
    });
  });
});
