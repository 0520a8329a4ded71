import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ApiClient, Caller, Tenant } from '../../test/support/api.ts';
import { phonesCsv } from '../../test/support/batches.ts';
import { formOfRun } from '../../test/support/form.ts';
import { formOf, startSearchSystem, type SearchSystem } from '../../test/support/search-system.ts';
import { until } from '../../test/support/until.ts';

describe('Batches over HTTP, with Temporal and the workers down', () => {
  let system: SearchSystem;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    system = await startSearchSystem({ withoutWorkers: true });
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
  });
  after(() => system.close());

  const send = (file: string | Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) =>
    member.post('/v1/batches', formOf(file, 'people.csv', { kind: 'phone', ...fields }));
  const objects = async (): Promise<string[]> =>
    (await Array.fromAsync(system.api.services.storage.list(''))).map(({ key }) => key);

  it('are accepted', async () => {
    const { status, body, headers } = await send(phonesCsv(10), { priority: '2' });
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(headers.get('location'), `/v1/batches/${body.id}`);
    assert.equal(body.state, 'submitted');
    assert.equal(body.name, 'people.csv');
    assert.deepEqual(body.mapping.phones, ['phone']);
    assert.equal((await member.get(`/v1/batches/${body.id}`)).body.priority, 2);
    assert.equal(
      (await member.get('/v1/batches', { query: { state: 'submitted' } })).body.items[0].id,
      body.id,
    );
    assert.equal((await member.get('/v1/batches', { query: { state: 'paused' } })).body.items.length, 0);
  });

  it('are paused, resumed and cancelled in the record, at once', async () => {
    const { id } = (await send(phonesCsv(3))).body;
    const command = async (name: string) => (await member.post(`/v1/batches/${id}/${name}`)).body.state;
    assert.equal(await command('pause'), 'paused');
    assert.equal(await command('pause'), 'paused');
    assert.equal(await command('resume'), 'submitted');
    assert.equal(await command('cancel'), 'cancelling');
    const late = await member.post(`/v1/batches/${id}/resume`);
    assert.deepEqual(
      [late.status, late.body.code, late.body.state],
      [409, 'search.batch_state', 'cancelling'],
    );
    assert.equal((await member.get(`/v1/batches/${id}/results.csv`)).body.code, 'search.batch_not_ready');
    assert.equal((await member.delete(`/v1/batches/${id}`)).status, 409);
  });

  it('are made of the upload that was previewed, with its price', async () => {
    const form = formOf(`${phonesCsv(5)}r9,+14155550000\nx,y\n`, 'p.csv', { kind: 'phone' });
    const preview = await member.post('/v1/batches/preview', form);
    assert.equal(preview.status, 200, JSON.stringify(preview.body));
    assert.deepEqual([preview.body.rows, preview.body.duplicates], [7, 1]);
    assert.equal(preview.body.cost.most, '0.00');
    const { upload_id, mapping } = preview.body;
    const made = await member.post('/v1/batches', { upload_id, mapping, kind: 'phone' });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    assert.equal((await member.post('/v1/batches', { upload_id, mapping })).body.code, 'search.upload_used');
  });

  const refused: [
    what: string,
    file: string | Uint8Array<ArrayBuffer>,
    fields: Record<string, string>,
    code: string,
  ][] = [
    ['an empty file', '', {}, 'search.file_empty'],
    ['a header without rows', 'id,phone\n', {}, 'search.file_empty'],
    ['a PDF', '%PDF-1.7\n...', {}, 'search.file_binary'],
    ['a spreadsheet', 'PK\x03\x04[Content_Types].xml', {}, 'search.file_binary'],
    ['zero bytes', 'id,phone\n1,\0\0\0\n', {}, 'search.file_binary'],
    [
      'a gzip file that is cut off',
      new Uint8Array(gzipSync(phonesCsv(50)).subarray(0, 60)),
      {},
      'search.file_truncated',
    ],
    ['a JSON array', '[{"phone":"1"}]', {}, 'search.file_format'],
    ['a file without a header', '1,+14155550000\n2,+14155550001\n', {}, 'search.file_header'],
    ['a column that is named twice', 'phone,phone\n1,2\n', {}, 'search.file_header'],
    ['a mapping to no column', phonesCsv(2), { mapping: '{"phones":["tel"]}' }, 'search.mapping_invalid'],
    ['a mapping that is no JSON', phonesCsv(2), { mapping: '{' }, 'request.invalid'],
    ['an unknown field', phonesCsv(2), { prioritie: '1' }, 'request.invalid'],
    ['a priority out of range', phonesCsv(2), { priority: '9' }, 'request.invalid'],
    ['a budget that is no amount', phonesCsv(2), { budget: '-5' }, 'request.invalid'],
    [
      'a webhook to a private address',
      phonesCsv(2),
      { webhook_url: 'https://169.254.169.254/x' },
      'search.webhook_url',
    ],
    [
      'a webhook to the machine itself',
      phonesCsv(2),
      { webhook_url: 'https://localhost/x' },
      'search.webhook_url',
    ],
    ['a webhook by plain HTTP', phonesCsv(2), { webhook_url: 'http://example.com/' }, 'search.webhook_url'],
    [
      'a record set of nobody’s',
      phonesCsv(2),
      { record_set_ids: '["01a1fe11-2269-700e-945d-1e3f5aa0d737"]' },
      'search.record_set_not_found',
    ],
  ];
  for (const [what, file, fields, code] of refused) {
    it(`refuses ${what}, and keeps nothing of it`, async () => {
      const before = await objects();
      const { status, body } = await send(file, fields);
      assert.equal(body.code, code, JSON.stringify(body));
      assert.ok(status >= 400 && status < 500);
      assert.deepEqual(await objects(), before);
    });
  }

  it('refuses what is no form, or a form with two files', async () => {
    const two = formOf(phonesCsv(1), 'a.csv');
    two.append('file', new Blob([phonesCsv(1)]), 'b.csv');
    assert.equal((await member.post('/v1/batches', two)).body.code, 'search.upload_malformed');
    const none = new FormData();
    none.set('kind', 'phone');
    assert.equal((await member.post('/v1/batches', none)).body.code, 'search.upload_malformed');
    const headers = { 'content-type': 'multipart/form-data' };
    assert.equal((await member.post('/v1/batches', 'x', { headers })).body.code, 'search.upload_malformed');
    assert.equal(
      (await member.post('/v1/batches', 'x', { headers: { 'content-type': 'text/csv' } })).status,
      415,
    );
  });

  it('refuses a form with a part without a name, or with text that cannot be stored, and keeps nothing of it', async () => {
    const before = await objects();
    const nameless = await send(phonesCsv(1), { '': 'x' });
    assert.deepEqual([nameless.status, nameless.body.code], [400, 'search.upload_malformed']);
    const late = formOf(phonesCsv(1), 'people.csv');
    late.append('', 'x');
    assert.equal((await member.post('/v1/batches', late)).status, 400);
    for (const fields of [{ name: 'a\0b' }, { mapping: String.raw`{"phones":["phone\u0000"]}` }]) {
      const { status, body } = await send(phonesCsv(1), fields as unknown as Record<string, string>);
      assert.deepEqual([status, body.code], [400, 'request.invalid'], JSON.stringify(fields));
    }
    // In UTF-16, half of a pair can stand alone.
    const boundary = 'b0undary';
    const parts = Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n`,
      ),
      Buffer.from([0x00, 0xd8]),
      Buffer.from(
        `\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\n${phonesCsv(1)}\r\n--${boundary}--\r\n`,
      ),
    ]);
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const halved = await member.send('post', '/v1/batches', parts, { headers });
    assert.deepEqual([halved.status, halved.body.code], [400, 'request.invalid']);
    assert.deepEqual(await objects(), before);
  });

  it('shows a file’s name without its path and control characters', async () => {
    const { body } = await member.post(
      '/v1/batches',
      formOf(phonesCsv(1), '../../etc/pass\u202ewd.csv', { kind: 'phone' }),
    );
    assert.equal(body.file.name, 'passwd.csv');
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const before = await objects();
    const boundary = 'cut';
    const outgoing = rawPost(system, tenant.member, {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': '1000000',
    });
    outgoing.write(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="cut.csv"\r\n\r\n${phonesCsv(5_000)}`,
    );
    await until(async () => (await uploadsOf(system, tenant)).includes('cut.csv'));
    outgoing.destroy();
    // The API clears it away when it has heard of the end.
    await until(async () => isDeepStrictEqual(await objects(), before));
    const { body } = await member.get('/v1/batches', { query: { limit: 200 } });
    assert.ok(!body.items.some((one: { name: string }) => one.name === 'cut.csv'));
  });

  it('refuses a file over two gigabytes before it is sent', async function () {
    // An S3 takes it; the batch is then refused by its size.
    if (formOfRun().s3) return this.skip();
    const { body } = await member.post('/v1/uploads', { file_name: 'big.csv' });
    const { pathname, search } = new URL(body.request.url);
    const outgoing = rawPut(system, pathname + search, {
      'content-type': body.request.headers['content-type'],
      'content-length': String(3 * 1024 ** 3),
      expect: '100-continue',
    });
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    assert.equal(answer.statusCode, 413);
    assert.match(await text(answer), /storage\.object_too_large/);
    outgoing.destroy();
  });

  it('refuses a signed link that was altered', async () => {
    const { body } = await member.post('/v1/uploads', { file_name: 'a.csv' });
    const url = new URL(body.request.url);
    url.searchParams.set('max_bytes', '99999999999');
    const answer = await fetch(url, { method: 'PUT', headers: body.request.headers, body: 'x' });
    assert.equal(answer.status, 403);
    await answer.body?.cancel();
  });

  it('are nobody else’s', async () => {
    const { id } = (await send(phonesCsv(3))).body;
    const upload = (await member.post('/v1/uploads', { file_name: 'a.csv' })).body;
    const stranger = system.api.client.as((await system.api.tenant()).owner);
    for (const path of ['', '/rows', '/events', '/results.csv', '/results.ndjson', '/errors.csv']) {
      assert.equal((await stranger.get(`/v1/batches/${id}${path}`)).status, 404, path);
    }
    for (const command of ['pause', 'resume', 'cancel', 'retry-failed']) {
      const body = command === 'retry-failed' ? {} : undefined;
      assert.equal((await stranger.post(`/v1/batches/${id}/${command}`, body)).status, 404, command);
    }
    assert.equal((await stranger.patch(`/v1/batches/${id}`, { priority: 1 })).status, 404);
    assert.equal((await stranger.delete(`/v1/batches/${id}`)).status, 404);
    assert.equal((await stranger.post('/v1/batches', { upload_id: upload.id })).status, 404);
    assert.deepEqual((await stranger.get('/v1/batches')).body.items, []);
    assert.equal(
      (await system.api.client.as(tenant.viewer).post('/v1/batches', { upload_id: upload.id })).status,
      403,
    );
  });
});

function rawPost(system: SearchSystem, caller: Caller, headers: Record<string, string>) {
  const { authorization } = caller;
  const outgoing = request(new URL('/v1/batches', system.api.url), {
    method: 'POST',
    headers: { authorization, ...headers },
  });
  outgoing.on('error', () => undefined);
  return outgoing;
}

function rawPut(system: SearchSystem, path: string, headers: Record<string, string>) {
  const outgoing = request(new URL(path, system.api.url), { method: 'PUT', headers });
  outgoing.on('error', () => undefined);
  outgoing.flushHeaders();
  return outgoing;
}

async function uploadsOf({ api }: SearchSystem, { id }: Tenant): Promise<string[]> {
  const rows = await api.services.database.read('search', ({ sql }) =>
    sql<{ name: string }>('select file_name as name from search.uploads where tenant_id = $1', [id]),
  );
  return rows.map(({ name }) => name);
}
