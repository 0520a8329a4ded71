import assert from 'node:assert/strict';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { jitter, scheduleSeconds } from '../../domain/webhooks/delivery-schedule.ts';
import { recoveryWorkflowId, webhooksQueue } from '../../workflows/webhooks/messages.ts';
import { notificationsQueue } from '../../workflows/notifications/messages.ts';
import { tidyNotices } from '../../workflows/notifications/upkeep.ts';
import { resealWebhookSecrets, tidyMessages } from '../../workflows/webhooks/outbound-upkeep.ts';
import {
  startEndpointSystem,
  untilAttempts,
  type AttemptView,
  type EndpointSystem,
} from '../support/endpoint-system.ts';
import { keepHistory } from '../support/histories.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver, type ReceivedWebhook } from '../support/webhook-receiver.ts';

const batches = { event_types: ['batch.*'] };

describe('endpoints that are sent messages', function () {
  this.timeout(180_000);
  let system: EndpointSystem;
  let mailbox: TestMailbox;
  before(async () => {
    mailbox = await startMailbox();
    system = await startEndpointSystem({ env: { SMTP_URL: mailbox.url } });
  });
  after(async () => {
    await system?.close();
    await mailbox?.close();
  });
  beforeEach(() => {
    system.receiver.reply = () => undefined;
    system.receiver.answers.length = 0;
  });
  // Endpoints of other tests hear nothing of this one.
  afterEach(async () => {
    for (const { id } of (await system.owner.get('/v1/webhook-endpoints?limit=200')).body.items)
      await system.owner.delete(`/v1/webhook-endpoints/${id}`);
  });

  const untilReceived = (path: string, count: number): Promise<ReceivedWebhook[]> =>
    until(() => {
      const received = system.receiver.at(path);
      return received.length >= count ? received : null;
    });
  const stateOf = async (endpointId: string) =>
    (await system.owner.get(`/v1/webhook-endpoints/${endpointId}`)).body;
  const untilState = (endpointId: string, state: string, count = 1) =>
    until(async () => {
      const found = (await system.deliveries(endpointId)).filter((one) => one.state === state);
      return found.length >= count ? found : null;
    });
  const eventsOf = (type: string, endpointId: string): Promise<{ data: Record<string, unknown> }[]> =>
    system.api.services.database.read('webhooks', ({ sql }) =>
      sql(`select data from webhooks.outbox where type = $1 and data ->> 'endpoint_id' = $2`, [
        type,
        endpointId,
      ]),
    );

  it('get what they hear of, signed so that the verifiers of Standard Webhooks take it', async () => {
    const all = await system.endpoint('/all');
    const some = await system.endpoint('/some', { event_types: ['batch.completed'] });
    const none = await system.endpoint('/none', { event_types: ['import.*'] });
    const id = await system.happen();
    const [received] = await untilReceived('/all', 1);
    assert.ok(received);
    for (const verifier of [new StandardWebhook(all.secret), new SvixWebhook(all.secret)]) {
      verifier.verify(received.body, received.headers);
      assert.throws(() => verifier.verify(received.body.replace('batch', 'bitch'), received.headers));
    }
    assert.throws(() => new StandardWebhook(some.secret).verify(received.body, received.headers));
    const { timestamp, ...rest } = JSON.parse(received.body);
    assert.deepEqual(rest, { type: 'batch.submitted', data: { id, run: 0 } });
    assert.ok(Math.abs(Date.now() - Date.parse(timestamp)) < 60_000);
    assert.equal(received.headers['content-type'], 'application/json');
    await untilState(all.id, 'delivered');
    assert.deepEqual(await system.deliveries(some.id), []);
    assert.deepEqual(await system.deliveries(none.id), []);
    const [attempt] = await system.attempts(all.id);
    assert.equal(attempt?.status, 204);
    assert.equal(received.headers['webhook-id'], `msg_${String(attempt?.['message_id'])}`);
    assert.ok(!JSON.stringify(attempt).includes(received.headers['webhook-signature'] ?? ''));
  });

  it('get an event once, however often the outbox tells of it', async () => {
    const { id } = await system.endpoint('/once', batches);
    await system.happen();
    await untilState(id, 'delivered');
    await system.api.services.database.transaction('search', ({ sql }) =>
      sql(
        `insert into search.outbox_deliveries (consumer, position, subject)
         select 'webhook-messages', position, subject from search.outbox`,
      ),
    );
    await system.happen();
    await untilState(id, 'delivered', 2);
    assert.equal((await system.deliveries(id)).length, 2);
    assert.equal(system.receiver.at('/once').length, 2);
  });

  it('are tried again on the schedule until they answer 2xx', async () => {
    system.receiver.answers.push(500, 500, 200);
    const { id, secret } = await system.endpoint('/thrice', batches);
    await system.happen();
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const attempts = await untilAttempts(system, id, attempt);
      const { next_attempt_at: next } = (await system.deliveries(id))[0] ?? {};
      const { started_at: started, milliseconds } = attempts.at(-1) as AttemptView;
      const gap = (Date.parse(String(next)) - Date.parse(started) - milliseconds) / 1_000;
      const planned = scheduleSeconds[attempt] ?? 0;
      // Writing it down takes a moment too.
      assert.ok(gap >= planned * (1 - jitter) - 0.01 && gap <= planned * (1 + jitter) + 1, `${gap} s`);
      await system.pass(id);
    }
    await untilState(id, 'delivered');
    const received = system.receiver.at('/thrice');
    assert.equal(received.length, 3);
    assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(received.map(({ body }) => body)).size, 1);
    for (const { body, headers } of received) new StandardWebhook(secret).verify(body, headers);
    const outcomes = (await system.attempts(id)).map(({ number, status, outcome }) => [
      number,
      status,
      outcome,
    ]);
    assert.deepEqual(outcomes, [
      [3, 200, 'delivered'],
      [2, 500, 'failed'],
      [1, 500, 'failed'],
    ]);
  });

  it('have fresh timestamps and signatures at each attempt', async () => {
    system.receiver.answers.push(500);
    const { id } = await system.endpoint('/fresh', batches);
    await system.happen();
    await untilAttempts(system, id, 1);
    await until(
      () => Date.now() / 1_000 >= Number(system.receiver.at('/fresh')[0]?.headers['webhook-timestamp']) + 1,
    );
    await system.pass(id);
    const [first, second] = await untilReceived('/fresh', 2);
    assert.notEqual(first?.headers['webhook-timestamp'], second?.headers['webhook-timestamp']);
    assert.notEqual(first?.headers['webhook-signature'], second?.headers['webhook-signature']);
  });

  it('lead nobody elsewhere: a redirect is a failure', async () => {
    const inside = await startWebhookReceiver();
    try {
      system.receiver.answers.push({ status: 302, headers: { location: inside.url } });
      const { id } = await system.endpoint('/redirect', batches);
      await system.happen();
      const [attempt] = await untilAttempts(system, id, 1);
      assert.deepEqual([attempt?.status, attempt?.outcome], [302, 'failed']);
      assert.equal(inside.received.length, 0);
    } finally {
      await inside.close();
    }
  });

  it('are disabled by 410, and hear nothing more until they are enabled', async () => {
    system.receiver.answers.push(410);
    const { id } = await system.endpoint('/gone', batches);
    await system.happen();
    await until(async () => (await stateOf(id)).state === 'disabled');
    assert.equal((await stateOf(id)).disabled_reason, 'gone');
    assert.equal((await eventsOf('endpoint.disabled', id)).length, 1);
    const mail = await mailbox.next(system.tenant.owner.email);
    assert.match(mail.text, /410 Gone/);
    const witness = await system.endpoint('/witness', batches);
    await system.happen();
    await untilState(witness.id, 'delivered');
    assert.equal(system.receiver.at('/gone').length, 1);
    assert.equal((await system.deliveries(id)).length, 1);

    const since = { since: new Date(Date.now() - 3_600_000).toISOString() };
    await system.owner.post(`/v1/webhook-endpoints/${id}/enable`);
    const replay = await system.owner.post(`/v1/webhook-endpoints/${id}/replay-missing`, since);
    assert.equal(replay.status, 202);
    const recovery = await until(async () => {
      const { body } = await system.owner.get(replay.headers.get('location') ?? '');
      return body.state === 'running' ? null : body;
    });
    assert.equal(recovery.state, 'completed');
    assert.ok(recovery.sent >= 1);
    // All that it had never been sent, and what had failed by its 410.
    await untilState(id, 'delivered', recovery.sent);
  });

  it('are left alone as long as they ask for', async () => {
    system.receiver.answers.push({ status: 429, headers: { 'retry-after': '120' } });
    const { id } = await system.endpoint('/busy', batches);
    await system.happen();
    const [attempt] = await untilAttempts(system, id, 1);
    const [delivery] = await system.deliveries(id);
    const wait = Date.parse(String(delivery?.next_attempt_at)) - Date.parse(String(attempt?.started_at));
    assert.ok(wait >= 120_000, `${wait} ms`);
    const { body: health } = await system.owner.get(`/v1/webhook-endpoints/${id}/health`);
    assert.equal(health.state, 'held');
    // Other messages wait too.
    await system.happen();
    await until(async () => (await system.deliveries(id)).length === 2);
    assert.equal(system.receiver.at('/busy').length, 1);
    await system.pass(id);
    await untilState(id, 'delivered', 2);
  });

  it('bear two signatures while their secret is rotated', async () => {
    const { id, secret: old } = await system.endpoint('/rotated', batches);
    const { body } = await system.owner.post(`/v1/webhook-endpoints/${id}/rotate-secret`, {
      grace_seconds: 60,
    });
    await system.happen();
    const [during] = await untilReceived('/rotated', 1);
    assert.ok(during);
    assert.equal(during.headers['webhook-signature']?.split(' ').length, 2);
    for (const secret of [old, body.secret])
      for (const Verifier of [StandardWebhook, SvixWebhook])
        new Verifier(secret).verify(during.body, during.headers);
    await system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.endpoints set old_secrets = jsonb_set(old_secrets, '{0,until}', to_jsonb(now()::text)) where id = $1`,
        [id],
      ),
    );
    await system.happen();
    const [, after] = await untilReceived('/rotated', 2);
    assert.ok(after);
    new StandardWebhook(body.secret).verify(after.body, after.headers);
    assert.throws(() => new StandardWebhook(old).verify(after.body, after.headers));
  });

  it('recover exactly what has not arrived', async () => {
    const { id } = await system.endpoint('/recovered', batches);
    system.receiver.reply = ({ path }) => (path === '/recovered' ? 400 : undefined);
    for (let message = 0; message < 5; message += 1) await system.happen();
    await untilAttempts(system, id, 5);
    // Their schedule is over.
    await system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(`update webhooks.deliveries set failed = 7 where endpoint_id = $1`, [id]),
    );
    await system.pass(id);
    const failed = await untilState(id, 'exhausted', 5);
    assert.equal((await eventsOf('message.attempt_exhausted', id)).length, 5);
    system.receiver.reply = () => undefined;
    for (const { message_id: message } of failed.slice(0, 2)) {
      const resent = await system.owner.post(`/v1/webhook-endpoints/${id}/messages/${message}/resend`);
      assert.equal(resent.status, 202);
    }
    await untilState(id, 'delivered', 2);
    const before = system.receiver.at('/recovered').length;
    const since = { since: new Date(Date.now() - 3_600_000).toISOString() };
    const { headers } = await system.owner.post(`/v1/webhook-endpoints/${id}/recover`, since);
    await untilState(id, 'delivered', 5);
    const { body } = await system.owner.get(headers.get('location') ?? '');
    assert.deepEqual([body.state, body.sent], ['completed', 3]);
    const temporal = await temporalClient();
    const workflowId = recoveryWorkflowId(body.id);
    await untilCompleted(temporal, workflowId);
    await keepHistory(temporal, system.api.services.database, workflowId, 'recoverMessages/failed');
    const again = system.receiver.at('/recovered').slice(before);
    assert.deepEqual(
      again.map((webhook) => String(webhook.headers['webhook-id'])).toSorted(),
      failed
        .slice(2)
        .map(({ message_id: message }) => `msg_${message}`)
        .toSorted(),
    );
    assert.equal((await eventsOf('message.recovered', id)).length, 5);
  });

  it('send the messages of one subject in their order, if told to, and hold up no other subject', async () => {
    const { id } = await system.endpoint('/ordered', { ...batches, ordering: 'subject' });
    let down = true;
    const slow = crypto.randomUUID();
    system.receiver.reply = ({ body }) => (down && body.includes(slow) ? 400 : 200);
    for (const type of ['submitted', 'paused', 'resumed'])
      await system.happen(`search.batch_${type}`, { run: 0 }, slow);
    const other = await system.happen();
    await until(() => system.receiver.at('/ordered').some(({ body }) => body.includes(other)));
    await untilAttempts(system, id, 2);
    const ofSlow = () =>
      system.receiver
        .at('/ordered')
        .filter(({ body }) => body.includes(slow))
        .map(({ body }) => String(JSON.parse(body).type).replace('batch.', ''));
    assert.deepEqual(ofSlow(), ['submitted']);
    down = false;
    await system.pass(id);
    await untilState(id, 'delivered', 4);
    assert.deepEqual(ofSlow(), ['submitted', 'submitted', 'paused', 'resumed']);
  });

  it('are sent no more a second than they want', async () => {
    const { id } = await system.endpoint('/slow', { ...batches, rate_per_second: 1 });
    await Promise.all([1, 2, 3].map(() => system.happen()));
    await untilState(id, 'delivered', 3);
    const [first, , third] = (await system.attempts(id))
      .map(({ started_at: at }) => Date.parse(at))
      .toSorted((a, b) => a - b);
    assert.ok(Number(third) - Number(first) >= 1_900, `${Number(third) - Number(first)} ms`);
  });

  it('collect messages while they are paused', async () => {
    const { id } = await system.endpoint('/paused', { ...batches, state: 'paused' });
    await system.happen();
    await until(async () => (await system.deliveries(id)).length === 1);
    const witness = await system.endpoint('/witness-of-pause', batches);
    await system.happen();
    await untilState(witness.id, 'delivered');
    assert.equal(system.receiver.at('/paused').length, 0);
    await system.owner.post(`/v1/webhook-endpoints/${id}/enable`);
    await untilState(id, 'delivered', 2);
  });

  it('can be tried out before they are enabled, and nothing is held against them', async () => {
    const { id, secret } = await system.endpoint('/tried', {
      state: 'disabled',
      headers: { 'x-token': 'sesame' },
    });
    system.receiver.answers.push({ status: 500, body: 'x'.repeat(30_000) });
    const here = `/v1/webhook-endpoints/${id}/test`;
    const { status, body } = await system.owner.post(here, {});
    assert.equal(status, 200);
    assert.deepEqual([body.outcome, body.status, body.trigger], ['failed', 500, 'test']);
    assert.deepEqual([body.response.body.length, body.response.cut], [20_000, true]);
    assert.equal(body.request.headers['x-token'], '********');
    const tried = await system.owner.post(here, { type: 'batch.completed' });
    assert.equal(tried.body.outcome, 'delivered');
    const [, example] = system.receiver.at('/tried');
    assert.ok(example);
    assert.equal(example.headers['x-token'], 'sesame');
    assert.equal(JSON.parse(example.body).type, 'batch.completed');
    new StandardWebhook(secret).verify(example.body, example.headers);
    assert.equal((await system.owner.post(here, { type: 'batch.exploded' })).status, 422);
    const { body: health } = await system.owner.get(`/v1/webhook-endpoints/${id}/health`);
    assert.deepEqual([health.state, health.failures_in_a_row], ['healthy', 0]);
    const since = { since: new Date(Date.now() - 3_600_000).toISOString() };
    await system.owner.post(`/v1/webhook-endpoints/${id}/enable`);
    const { headers } = await system.owner.post(`/v1/webhook-endpoints/${id}/recover`, since);
    const recovery = await until(async () => {
      const { body: now } = await system.owner.get(headers.get('location') ?? '');
      return now.state === 'running' ? null : now;
    });
    assert.equal(recovery.sent, 0);
  });

  it('are no longer tried at once after five outages in a row, but one by one', async () => {
    const { id } = await system.endpoint('/broken', batches);
    system.receiver.reply = ({ path }) => (path === '/broken' ? 'reset' : undefined);
    await Promise.all(Array.from({ length: 30 }, () => system.happen()));
    const health = async () => (await system.owner.get(`/v1/webhook-endpoints/${id}/health`)).body;
    await until(async () => {
      const { state, waiting } = await health();
      return state === 'circuit_open' && waiting === 30;
    });
    await until(async () => (await system.deliveries(id)).every((delivery) => !delivery['under_way']));
    const attempts = await system.attempts(id);
    assert.ok(attempts.every(({ problem }) => problem === 'reset'));
    // Ten at once, and those that had taken a place before the fifth failure was known.
    assert.ok(attempts.length >= 5 && attempts.length <= 20, `${attempts.length} attempts`);
    // After the pause, one probe; it fails, and the circuit stays open.
    await system.pass(id);
    await until(async () => (await system.attempts(id)).length === attempts.length + 1);
    assert.equal((await health()).state, 'circuit_open');
    system.receiver.reply = () => undefined;
    await system.owner.post(`/v1/webhook-endpoints/${id}/enable`);
    await system.pass(id);
    await untilState(id, 'delivered', 30);
  });

  it('are disabled after 120 hours of failures, which those who manage them are told', async () => {
    const { id } = await system.endpoint('/failing', batches);
    system.receiver.reply = ({ path }) => (path === '/failing' ? 503 : undefined);
    await system.happen();
    await untilAttempts(system, id, 1);
    await system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.endpoint_health set failures = 9, failing_since = now() - interval '121 hours' where endpoint_id = $1`,
        [id],
      ),
    );
    const already = await mailbox.count(system.tenant.admin.email);
    await system.pass(id);
    await until(async () => (await stateOf(id)).state === 'disabled');
    assert.equal((await stateOf(id)).disabled_reason, 'failing');
    await until(async () => (await mailbox.count(system.tenant.admin.email)) > already);
  });

  it('lead to notices, which are forgotten after their time', async () => {
    const { database } = system.api.services;
    const left = () =>
      database.read('notifications', ({ sql }) =>
        sql(`select 1 from notifications.notices union all select 1 from notifications.deliveries`),
      );
    assert.ok((await left()).length > 0);
    await database.transaction('notifications', async ({ sql }) => {
      await sql(`update notifications.notices set created_at = now() - interval '91 days'`);
      await sql(
        `update notifications.deliveries set created_at = now() - interval '91 days', state = 'sent', claim = null`,
      );
    });
    const temporal = await temporalClient();
    const workflowId = 'tidy-notices';
    await temporal.workflow.execute(tidyNotices, { workflowId, taskQueue: notificationsQueue, args: [] });
    await keepHistory(temporal, database, workflowId, 'tidyNotices/straight');
    assert.deepEqual(await left(), []);
  });

  it('forget messages after their time, and let go what waited behind them', async () => {
    const { id } = await system.endpoint('/old', { ...batches, ordering: 'subject' });
    system.receiver.reply = ({ path }) => (path === '/old' ? 400 : undefined);
    const subject = await system.happen('search.batch_submitted');
    await untilAttempts(system, id, 1);
    await system.happen('search.batch_paused', { run: 0 }, subject);
    await until(async () => (await system.deliveries(id)).length === 2);
    const { database } = system.api.services;
    await database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.messages set created_at = now() - interval '91 days' where type = 'batch.submitted'`,
      ),
    );
    const temporal = await temporalClient();
    const workflowId = `tidy-${id}`;
    await temporal.workflow.execute(tidyMessages, { workflowId, taskQueue: webhooksQueue, args: [] });
    await keepHistory(temporal, database, workflowId, 'tidyMessages/straight');
    const resealing = `reseal-${id}`;
    await temporal.workflow.execute(resealWebhookSecrets, {
      workflowId: resealing,
      taskQueue: webhooksQueue,
    });
    await keepHistory(temporal, database, resealing, 'resealWebhookSecrets/straight');
    await until(async () => (await system.attempts(id)).length === 1);
    const [left, ...others] = await system.deliveries(id);
    assert.deepEqual([left?.['message_type'], others.length], ['batch.paused', 0]);
  });

  it('hear of other endpoints and never of themselves', async () => {
    const watcher = await system.endpoint('/watcher', { event_types: ['endpoint.*'] });
    const watched = await system.endpoint('/watched', { event_types: ['endpoint.*'] });
    await system.owner.post(`/v1/webhook-endpoints/${watched.id}/disable`);
    await until(() =>
      system.receiver.at('/watcher').some(({ body }) => {
        const { type, data } = JSON.parse(body);
        return type === 'endpoint.disabled' && data.endpoint_id === watched.id && data.reason === 'owner';
      }),
    );
    assert.ok(system.receiver.at('/watcher').every(({ body }) => !body.includes(watcher.id)));
  });
});
