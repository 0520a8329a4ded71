import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { minutesOf, nextTimeOfDay } from '../../domain/notifications/local-time.ts';
import { UnsubscribeTokens } from '../../domain/notifications/unsubscribe-tokens.ts';
import { complaintOf } from '../support/mail-reports.ts';
import {
  reportSecret,
  startNoticeSystem,
  type DeliveryView,
  type NoticeSystem,
  type Organisation,
} from '../support/notice-system.ts';
import { ship, StoredOrders } from '../support/stored-orders.ts';
import { until } from '../support/until.ts';

const zone = 'Asia/Tokyo';

describe('Notices to customers, who are no users', function () {
  this.timeout(60_000);
  let system: NoticeSystem;
  let org: Organisation;
  let orders: StoredOrders;
  let email: string;
  before(async () => {
    system = await startNoticeSystem();
  });
  after(() => system?.close());
  beforeEach(async () => {
    org = await system.organisation();
    orders = new StoredOrders(system.api.services.database, org.tenant.id);
    email = `${uuidv7()}@example.com`;
  });

  const wish = async (settings: object) => {
    const { status, body } = await org.owner.put('/v1/notifications/organisation-preferences', settings);
    assert.equal(status, 200, JSON.stringify(body));
  };
  const order = async (address = email, of = orders): Promise<string> =>
    (await of.worked({ customer: { email: address, name: 'Ada Lovelace', phone: null } })).id;
  const send = (id: string) => orders.change(id, async (open) => void (await ship(open, 3)));
  const ask = (id: string) =>
    orders.change(id, (open) => open.tell('order.customer_action_required', { reason: 'items_missing' }));
  /** The mails about an order, newest first, as the API tells of them. */
  const mailsOf = async (id: string, { owner } = org): Promise<DeliveryView[]> => {
    const { body } = await owner.get('/v1/notifications/deliveries?category=orders&limit=200');
    return (body.items as DeliveryView[]).filter(({ notices }) =>
      (notices as { about?: string }[]).some(({ about }) => about === `order:${id}`),
    );
  };
  const newest = (id: string, state: string, of = org) =>
    until(async () => {
      const [mail] = await mailsOf(id, of);
      return mail?.state === state ? mail : null;
    });
  const subjectOf = (raw: string) => /^Subject: (.*)\r$/m.exec(raw)?.[1];
  const unfolded = (raw: string) => raw.replaceAll(/\r\n[ \t]+/g, ' ');
  const linkIn = (raw: string) => /^List-Unsubscribe: <(.*)>\r$/m.exec(unfolded(raw))?.[1];
  const unsubscribe = async (raw: string): Promise<void> => {
    const answer = await fetch(linkIn(raw) ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
    });
    assert.equal(answer.status, 200);
  };
  const suppressions = async () =>
    (await org.owner.get('/v1/notifications/suppressions')).body.items as {
      id: string;
      address: string;
      reason: string;
      category: string | null;
    }[];

  it('gather as the organisation wishes, by its clock, one mail an order', async () => {
    await wish({ categories: { orders: { email: 'daily' } }, digest_time: '09:15', time_zone: zone });
    const now = new Date();
    const [one, other] = [await order(), await order()];
    await send(one);
    const gathered = await until(async () => {
      const [mail] = await mailsOf(one);
      return mail?.notices.length === 2 ? mail : null;
    });
    const due = nextTimeOfDay(zone, now, minutesOf('09:15')).toISOString();
    assert.deepEqual([gathered.next_attempt_at, gathered['user_id']], [due, null]);
    await until(async () => (await mailsOf(other)).length === 1);
    assert.equal(system.mails(email).length, 0);
    await org.pass();
    await system.mail(email, 2);
    const subjects = system.mails(email).map(subjectOf);
    assert.equal(subjects.filter((subject) => subject === 'Orders: 2 notices').length, 1, String(subjects));
    assert.equal((await newest(one, 'sent'))['address'], email);
  });

  it('wait for the end of the organisation’s quiet hours, but for what cannot', async () => {
    const wall = (minutes: number) =>
      new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(
        Date.now() + minutes * 60_000,
      );
    await wish({ quiet_hours: { from: wall(-60), to: wall(60) }, time_zone: zone });
    const id = await order();
    const held = await newest(id, 'pending');
    const wait = Date.parse(String(held.next_attempt_at)) - Date.now();
    assert.ok(wait > 58 * 60_000 && wait <= 60 * 60_000, `${wait} ms`);
    await ask(id);
    assert.match(subjectOf(await system.mail(email)) ?? '', /^Please /);
    assert.equal(system.mails(email).length, 1);
  });

  it('go nowhere that the organisation has not asked for, and into nobody’s feed', async () => {
    await wish({ categories: { orders: { email: 'never', in_app: 'instant', webhook: 'instant' } } });
    const id = await order();
    const [webhook, ...others] = await until(async () => {
      const mails = await mailsOf(id);
      return mails.length > 0 ? mails : null;
    });
    assert.deepEqual([webhook?.['channel'], webhook?.state, others.length], ['webhook', 'sent', 0]);
    await ask(id);
    assert.match(
      subjectOf(await system.mail(email)) ?? '',
      /^Please /,
      'an order that waits is told of all the same',
    );
    const { body } = await org.owner.get('/v1/notifications');
    assert.deepEqual(body.items, []);
  });

  it('end by one click for all orders of an address, but for those that wait for their customer', async () => {
    const first = await order();
    const raw = await system.mail(email);
    await unsubscribe(raw);
    assert.deepEqual(
      (await suppressions()).map(({ address, reason, category }) => [address, reason, category]),
      [[email, 'unsubscribe', 'orders']],
    );
    await send(first);
    await newest(first, 'suppressed');
    const shouted = email.replace(/^[^@]+/, (name) => name.toUpperCase());
    const second = await order(shouted);
    await newest(second, 'suppressed');
    assert.equal(system.mails(email).length, 1);

    await ask(second);
    const urgent = await system.mail(shouted);
    assert.match(subjectOf(urgent) ?? '', /^Please /);
    assert.equal(linkIn(urgent), undefined, 'a link that would end nothing');
    await orders.change(first, (open) => open.tell('order.notice_requested', { notice: 'shipped' }));
    assert.match(subjectOf(await system.mail(email, 2)) ?? '', /is on its way$/, 'staff has sent it again');

    const elsewhere = await system.organisation();
    const theirs = new StoredOrders(system.api.services.database, elsewhere.tenant.id);
    await newest(await order(email, theirs), 'sent', elsewhere);
  });

  it('are not lost to a customer for good: who takes the entry off the list has them told again', async () => {
    const id = await order();
    await unsubscribe(await system.mail(email));
    const [entry] = await suppressions();
    assert.equal((await org.owner.delete(`/v1/notifications/suppressions/${entry?.id}`)).status, 204);
    await send(id);
    assert.match(subjectOf(await system.mail(email, 2)) ?? '', /is on its way$/);
  });

  it('end wholly where the address bounces or its reader complains', async () => {
    const gone = `${uuidv7()}@example.com`;
    system.answers.set(gone, [550]);
    const bouncing = await order(gone);
    await newest(bouncing, 'failed');
    await ask(bouncing);
    await newest(bouncing, 'suppressed');

    const id = await order();
    const answer = await fetch(`${system.api.url}/v1/notifications/mail-reports`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`mail:${reportSecret}`).toString('base64')}`,
        'content-type': 'message/rfc822',
      },
      body: complaintOf(await system.mail(email)),
    });
    assert.equal(answer.status, 200);
    await ask(id);
    await newest(id, 'suppressed');
    assert.deepEqual(
      (await suppressions()).map(({ address, reason }) => [address, reason]),
      [
        [email, 'complaint'],
        [gone, 'bounce'],
      ],
    );
  });

  it('name their reader by a link that says nothing of who it is', async () => {
    await order();
    const link = new URL(linkIn(await system.mail(email)) ?? '');
    assert.ok(!link.href.includes(email.split('@')[0] ?? '-'));
    const token = link.pathname.replace('/unsubscribe/', '');
    const { config } = system.api.services;
    assert.equal(new UnsubscribeTokens(config.ENCRYPTION_KEYS).read(token)?.category, 'orders');
    const page = await (await fetch(link)).text();
    assert.match(page, /Orders/);
    assert.ok(!page.includes(email));
  });
});
