import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { phonesCsv } from '../support/batches.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type ApiClient,
  type SearchSystem,
  type Tenant,
} from '../support/search-system.ts';
import { keepHistory } from '../support/histories.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const over = ['completed', 'failed', 'cancelled'];

describe('Batches, from upload to download', () => {
  let system: SearchSystem;
  let receiver: WebhookReceiver;
  let member: ApiClient;
  let viewer: ApiClient;
  let mailbox: TestMailbox;
  let tenant: Tenant;
  before(async () => {
    receiver = await startWebhookReceiver();
    mailbox = await startMailbox();
    const env = { OUTBOUND_ALLOW_PRIVATE: receiver.address, SMTP_URL: mailbox.url };
    system = await startSearchSystem({ env, domains: ['search', 'notifications'] });
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    viewer = system.api.client.as(tenant.viewer);
  });
  after(async () => {
    await system.close();
    await receiver.close();
    await mailbox.close();
  });

  const submit = async (
    file: string | Uint8Array<ArrayBuffer>,
    fields: Record<string, string> = {},
    name = 'people.csv',
  ) => {
    const { status, body } = await member.post(
      '/v1/batches',
      formOf(file, name, { kind: 'phone', ...fields }),
    );
    assert.equal(status, 202, JSON.stringify(body));
    return body;
  };
  const ended = (id: string) => untilStateAt(viewer, `/v1/batches/${id}`, over);

  it('keeps the rows in order, with their own columns, and answers equal rows once', async () => {
    const csv =
      'ref;Telefon;note\nA1;"+1 415 555 2671";"two\nlines"\nA2;not a phone;=1+1\nA3;(415) 555-2671;\n';
    const { id } = await submit(csv, {
      mapping: JSON.stringify({ phones: ['Telefon'], key: 'ref', country: 'US' }),
    });
    const batch = await ended(id);
    assert.equal(batch.state, 'completed', JSON.stringify(batch));
    assert.deepEqual(
      [batch.progress.rows, batch.progress.failed, batch.progress.duplicates, batch.progress.percent],
      [3, 1, 1, 100],
    );
    const csvFile = await viewer.get(batch.results.csv);
    assert.match(csvFile.headers.get('content-disposition') ?? '', /filename="people results.csv"/);
    const ndjson = (await viewer.get(batch.results.ndjson)).body as string;
    const rows = ndjson
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ key }) => key),
      ['A1', 'A2', 'A3'],
    );
    assert.equal(rows[0].input.note, 'two\nlines');
    assert.equal(rows[2].result.same_as_row, 1);
    assert.equal(rows[2].result.search_id, rows[0].result.search_id);
    assert.equal(rows[1].result.code, 'search.phone_invalid');
    assert.match(csvFile.body, /'=1\+1/, 'a formula is neutralised in CSV');
    const errors = (await viewer.get(batch.results.errors)).body as string;
    assert.match(errors, /2,failed,search\.phone_invalid/);
    assert.equal(errors.trim().split('\r\n').length, 2);
    const page = await viewer.get(`/v1/batches/${id}/rows`, { query: { limit: 2 } });
    assert.deepEqual(
      page.body.items.map((one: { row: number }) => one.row),
      [1, 2],
    );
    const rest = await viewer.get(`/v1/batches/${id}/rows`, {
      query: { limit: 2, cursor: page.body.next_cursor },
    });
    assert.deepEqual(
      rest.body.items.map((one: { row: number }) => one.row),
      [3],
    );
    const failed = await viewer.get(`/v1/batches/${id}/rows`, { query: { status: 'failed' } });
    assert.deepEqual(
      failed.body.items.map((one: { key: string }) => one.key),
      ['A2'],
    );
  });

  it('downloads a part of the results', async () => {
    const { results } = await ended((await submit(phonesCsv(50))).id);
    const whole = (await viewer.get(results.ndjson)).body as string;
    const part = await viewer.get(results.ndjson, { headers: { range: 'bytes=10-19' } });
    assert.equal(part.status, 206);
    assert.equal(part.body, whole.slice(10, 20));
    assert.equal(part.headers.get('content-range'), `bytes 10-19/${whole.length}`);
    assert.equal((await viewer.get(results.ndjson, { headers: { range: 'bytes=999999999-' } })).status, 416);
  });

  it('waits for a small batch when asked to', async () => {
    const form = formOf(phonesCsv(5), 'small.csv', { kind: 'phone' });
    const { status, body } = await member.post('/v1/batches', form, { headers: { prefer: 'wait=20' } });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.state, 'completed');
  });

  it('takes the same file twice under one Idempotency-Key as one batch', async () => {
    const send = (rows: number) =>
      member.post('/v1/batches', formOf(phonesCsv(rows), 'same.csv', { kind: 'phone' }), {
        headers: { 'idempotency-key': 'the-same' },
      });
    const answers = await Promise.all([send(7), send(7), send(7)]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [202, 202, 202],
      JSON.stringify(answers.map((a) => a.body)),
    );
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal((await send(8)).status, 422);
  });

  it('reads gzip, UTF-16 and NDJSON', async () => {
    const utf16 = Buffer.from(`\ufeff${phonesCsv(3)}`, 'utf16le');
    const ndjson = '{"id":1,"phone":"+14155550000"}\n{"id":2,"phone":"+14155550001","more":{"a":1}}\n';
    const files = [gzipSync(phonesCsv(3)), utf16, Buffer.from(ndjson)];
    for (const file of files) {
      const batch = await ended((await submit(new Uint8Array(file), {}, 'file')).id);
      assert.equal(batch.state, 'completed', JSON.stringify(batch));
      assert.equal(batch.progress.failed, 0);
    }
  });

  it('searches by an upload sent ahead, once', async () => {
    const upload = await member.post('/v1/uploads', {
      file_name: '../../etc/people.csv',
      content_type: 'text/csv',
    });
    assert.equal(upload.status, 201, JSON.stringify(upload.body));
    const { id: upload_id, request } = upload.body;
    const early = await member.post('/v1/batches', { upload_id, kind: 'phone' });
    assert.equal(early.body.code, 'search.upload_missing');
    const put = await fetch(request.url, { method: 'PUT', headers: request.headers, body: phonesCsv(4) });
    assert.equal(put.status, 200, await put.text());
    const made = await member.post('/v1/batches', { upload_id, kind: 'phone' });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    assert.equal(made.body.name, 'people.csv');
    const again = await fetch(request.url, { method: 'PUT', headers: request.headers, body: 'other' });
    assert.ok([409, 412].includes(again.status), 'by the folder or by S3');
    assert.equal((await ended(made.body.id)).state, 'completed');
  });

  it('tells its story by events, and the rest of it to whoever comes back', async () => {
    const { id } = await submit(phonesCsv(2_000));
    const stream = (await viewer.get(`/v1/batches/${id}/events`)).body as string;
    const events = stream.split('\n\n').filter((block) => block.startsWith('id:'));
    const idOf = (block: string): number => Number(/^id: (\d+)/.exec(block)?.[1]);
    const states = events.flatMap((block) => /"type":"(\w+)"/.exec(block)?.[1] ?? []);
    assert.deepEqual(states.slice(0, 4), ['submitted', 'validating', 'validated', 'ingested']);
    assert.equal(states.at(-1), 'completed');
    assert.match(events.at(-1) ?? '', /event: end/);
    assert.deepEqual(
      events.map(idOf),
      events.map(idOf).toSorted((a, b) => a - b),
    );
    const third = events.filter((block) => block.includes('event: state'))[2] ?? '';
    const later = await viewer.get(`/v1/batches/${id}/events`, {
      headers: { 'last-event-id': String(idOf(third)) },
    });
    const told = [...(later.body as string).matchAll(/"type":"(\w+)"/g)].map((match) => match[1]);
    assert.deepEqual(told, states.slice(3));
  });

  it('pauses, stands still, resumes, and has every row once', async () => {
    const { id } = await submit(phonesCsv(6_000), { concurrency: '2' });
    await untilStateAt(viewer, `/v1/batches/${id}`, ['searching']);
    const paused = await member.post(`/v1/batches/${id}/pause`);
    assert.equal(paused.body.state, 'paused', JSON.stringify(paused.body));
    // Steps at work end. Once none is under way, nothing moves any more, for none is to come.
    const handle = (await temporalClient()).workflow.getHandle(`batch:${id}`);
    await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).length === 0);
    const { body: still } = await viewer.get(`/v1/batches/${id}`);
    assert.equal(still.state, 'paused');
    assert.ok(still.progress.pending > 0);
    assert.equal((await member.post(`/v1/batches/${id}/resume`)).status, 200);
    const batch = await ended(id);
    assert.equal(batch.state, 'completed');
    const { found, not_found, failed, skipped } = batch.progress;
    assert.equal(found + not_found + failed + skipped, 6_000);
    const ndjson = (await viewer.get(batch.results.ndjson)).body as string;
    assert.equal(ndjson.trim().split('\n').length, 6_000);
    const late = await member.post(`/v1/batches/${id}/pause`);
    assert.equal(late.status, 409);
    assert.equal(late.body.state, 'completed');
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `batch:${id}`,
      'runBatch/paused-at-hand',
    );
  });

  it('cancels, keeps what is done, and can be taken up again', async () => {
    const { id } = await submit(phonesCsv(6_000), { concurrency: '1' });
    await until(async () => {
      const { progress } = (await viewer.get(`/v1/batches/${id}`)).body;
      return progress.rows === 6_000 && progress.pending < 6_000;
    });
    assert.equal((await member.post(`/v1/batches/${id}/cancel`)).body.state, 'cancelling');
    const cancelled = await ended(id);
    assert.equal(cancelled.state, 'cancelled');
    const { found, not_found, skipped } = cancelled.progress;
    assert.ok(skipped > 0 && found + not_found > 0);
    assert.equal(found + not_found + skipped, 6_000);
    assert.equal(
      ((await viewer.get(cancelled.results.errors)).body as string).trim().split('\r\n').length,
      skipped + 1,
    );
    const again = await member.post(`/v1/batches/${id}/retry-failed`, {});
    assert.equal(again.status, 202, JSON.stringify(again.body));
    const completed = await untilStateAt(viewer, `/v1/batches/${id}`, ['completed']);
    assert.equal(completed.progress.skipped, 0);
    assert.equal(completed.runs, 1);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `batch:${id}`,
      'runBatch/cancelled-at-hand',
    );
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `batch:${id}:retry:1`,
      'runBatch/retried-at-hand',
    );
    assert.equal(
      ((await viewer.get(completed.results.errors)).body as string).trim().split('\r\n').length,
      1,
    );
  });

  it('changes priority and name while it works, against the version that was read', async () => {
    const { id } = await submit(phonesCsv(3_000));
    await member.post(`/v1/batches/${id}/pause`);
    const etag = (await viewer.get(`/v1/batches/${id}`)).headers.get('etag') ?? '';
    const change = (body: object, ifMatch: string) =>
      member.patch(`/v1/batches/${id}`, body, { headers: { 'if-match': ifMatch } });
    assert.equal((await change({ priority: 1, concurrency: 8 }, etag)).body.priority, 1);
    assert.equal((await change({ priority: 5 }, etag)).status, 412);
    assert.equal((await change({}, etag)).status, 400);
    await member.post(`/v1/batches/${id}/resume`);
    assert.equal((await ended(id)).priority, 1);
  });

  it('tells its webhook, signed, until it is heard', async () => {
    receiver.answers.push(500);
    const made = await submit(phonesCsv(3), { webhook_url: receiver.url });
    assert.match(made.webhook.secret, /^whsec_/);
    const { body } = await until(async () => {
      const answer = await viewer.get(`/v1/batches/${made.id}`);
      return answer.body.webhook.state === 'delivered' ? answer : null;
    });
    assert.equal(body.webhook.attempts, 2);
    assert.equal(body.webhook.secret, undefined);
    const last = receiver.received.at(-1);
    assert.ok(last);
    const signed = `${last.headers['webhook-id']}.${last.headers['webhook-timestamp']}.${last.body}`;
    const key = Buffer.from(made.webhook.secret.slice(6), 'base64');
    assert.equal(
      last.headers['webhook-signature'],
      `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    );
    assert.equal(JSON.parse(last.body).data.id, made.id);
    await untilCompleted(await temporalClient(), `batch:${made.id}`);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `batch:${made.id}`,
      'runBatch/webhook-refused-once-at-hand',
    );
  });

  it('tells whoever has started it by mail, with its counts and nobody’s data', async () => {
    const starter = await system.api.user(tenant.id, 'member');
    const form = formOf(phonesCsv(4), 'spring people.csv', { kind: 'phone' });
    const { body } = await system.api.client.as(starter).post('/v1/batches', form);
    const mail = await mailbox.next(starter.email);
    assert.equal(mail.subject, 'Done: spring people.csv');
    assert.match(mail.text, new RegExp(`/v1/batches/${body.id}/results.csv`));
    assert.doesNotMatch(mail.text, /1415555/);
  });

  it('is deleted with its rows and files, only after its end', async () => {
    const { id } = await submit(phonesCsv(100));
    const batch = await ended(id);
    assert.equal((await member.delete(`/v1/batches/${id}`)).status, 204);
    assert.equal((await viewer.get(`/v1/batches/${id}`)).status, 404);
    assert.equal((await viewer.get(batch.results.csv)).status, 404);
    const { database, storage } = system.api.services;
    await until(async () => {
      const rows = await database.read('search', ({ sql }) =>
        sql(
          'select 1 from search.batch_rows where batch_id = $1 union all select 1 from search.batch_results where batch_id = $1',
          [id],
        ),
      );
      return rows.length === 0;
    });
    await untilCompleted(await temporalClient(), `batch-purge:${id}`);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `batch-purge:${id}`,
      'purgeBatch/straight',
    );
    const left = await Array.fromAsync(storage.list(''));
    assert.deepEqual(
      left.filter(({ key }) => key.includes(id)),
      [],
    );
  });
});
