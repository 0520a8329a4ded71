import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createRoutes } from '../api/routes.ts';
import { domains } from '../domain/domains.ts';
import { startTestApi, type Caller, type TestApi } from './support/api.ts';
import { endedBatch } from './support/batches.ts';
import { sendRaw } from './support/raw-http.ts';

describe('HTTP that no client would send', () => {
  let api: TestApi;
  let owner: Caller;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
    ({ owner } = await api.tenant());
  });
  after(() => api?.close());

  const request = (head: string[], body = '') =>
    `${[`POST /v1/record-sets HTTP/1.1`, 'Host: test', `Authorization: ${owner.authorization}`, 'Content-Type: application/json', ...head].join('\r\n')}\r\n\r\n${body}`;
  const smuggled = `POST /v1/record-sets HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  const recordSets = async () => (await api.client.as(owner).get('/v1/record-sets')).body.items.length;

  it('hides no second request in the body of a first one', async () => {
    const body = '{"name":"smuggled"}';
    const before = await recordSets();
    for (const head of [
      [`Content-Length: ${body.length}`, 'Content-Length: 0'],
      [`Content-Length: ${body.length}, 0`],
      [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', `Content-Length: ${body.length}`],
      [`Content-Length: +${body.length}`],
      [`Content-Length: 0x${body.length.toString(16)}`],
      [`Content-Length : ${body.length}`],
      ['Transfer-Encoding: xchunked'],
      ['Transfer-Encoding: chunked, identity'],
      ['Transfer-Encoding : chunked'],
      ['Transfer-Encoding:\n chunked'],
      [`X-Fold: a\r\n b`, `Content-Length: ${body.length}`, 'Content-Length: 1'],
    ]) {
      const answers = await sendRaw(api.url, request(head, body + smuggled));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400],
        head.join(' | '),
      );
      assert.match(answers[0]?.text ?? '', /Connection: close/i, head.join(' | '));
    }
    assert.equal(await recordSets(), before);
  });

  const whole = 'Content-Length: 2097156';
  const json = 'Content-Type: application/json';
  const form = 'Content-Type: multipart/form-data; boundary=b';
  const wrongPart = '--b\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nfile';
  for (const [status, line, head, begin] of [
    [413, 'POST /v1/record-sets', ['as', json, whole], '{"a"'],
    [413, 'POST /v1/record-sets', ['as', json, 'Transfer-Encoding: chunked'], '300000\r\n{"a"'],
    [413, 'POST /webhooks/shopify/orders', [json, whole], '{"a"'],
    [401, 'POST /v1/record-sets', [json, whole], '{"a"'],
    [400, 'POST /v1/design-assets', ['as', 'Content-Type: image/png', whole], '{"a"'],
    [415, 'POST /v1/design-assets?name=a', ['as', 'Content-Type: text/html', whole], '{"a"'],
    [415, 'POST /v1/record-sets', ['as', json, whole, 'Content-Encoding: gzip'], '{"a"'],
    [404, 'POST /v1/nowhere', ['as', json, whole], '{"a"'],
    [405, 'PUT /v1/record-sets', ['as', json, whole], '{"a"'],
    [400, 'POST /v1/batches', ['as', form, whole], wrongPart],
    [403, 'PUT /v1/objects/uploads/a', [whole], '{"a"'],
    [413, 'PUT <upload>', ['Content-Type: application/octet-stream', 'Content-Length: 3000000000'], '{"a"'],
  ] as const)
    it(`is heard by who sends on before reading that it is refused: ${status} to ${line}`, async () => {
      const { body } = await api.client.as(owner).post('/v1/uploads', { file_name: 'a.csv' });
      const { pathname, search } = new URL(body.request.url);
      const told = [
        `${line.replace('<upload>', pathname + search)} HTTP/1.1`,
        'Host: test',
        ...head.map((field) => (field === 'as' ? `Authorization: ${owner.authorization}` : field)),
      ].join('\r\n');
      const rest = Buffer.alloc(2_097_152, ' ');
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      try {
        socket.write(`${told}\r\n\r\n${begin}`);
        // Where the length is not told, so much of it must have come.
        if (told.includes('chunked')) socket.write(rest.subarray(0, 1_200_000));
        await once(socket, 'readable');
        await new Promise((resolve) => socket.write(rest, resolve));
        let heard = '';
        for await (const chunk of socket) heard += String(chunk);
        assert.equal(heard.slice(9, 12), String(status), heard);
        assert.match(heard, /^Connection: close\r$/im);
        assert.match(heard, /"trace_id":"[0-9a-f]{32}"[^]*\}$/);
      } finally {
        socket.destroy();
      }
    });

  it('has nothing done that comes behind the body of a request that was refused', async () => {
    const before = await recordSets();
    const behind = '{"name":"behind"}';
    const rest = 2_097_152;
    const both =
      request([`Content-Length: ${rest}`], ' '.repeat(rest)) +
      request([`Content-Length: ${behind.length}`], behind);
    const answers = await sendRaw(api.url, both);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [413],
    );
    assert.equal(await recordSets(), before);
  });

  it('breaks no header apart: neither in a key nor in a trace', async () => {
    for (const field of ['Idempotency-Key', 'traceparent', 'If-Match', 'Authorization', 'Prefer', 'Range']) {
      for (const value of ['a\rSet-Cookie: b=c', 'a\nSet-Cookie: b=c', 'a\0b']) {
        const answers = await sendRaw(
          api.url,
          request([`${field}: ${value}`, 'Content-Length: 2', 'Connection: close'], '{}'),
        );
        for (const { status, text } of answers) {
          assert.ok(status >= 400 && status < 500, `${field}: ${text}`);
          assert.doesNotMatch(text, /^Set-Cookie/im, field);
        }
      }
    }
    const trace = await api.client.as(owner).get('/v1/users/me', { headers: { traceparent: 'x"><script>' } });
    assert.match(trace.headers.get('x-trace-id') ?? '', /^[0-9a-f]{32}$/);
  });

  it('is turned away when its headers are longer than anybody needs', async () => {
    const huge = await sendRaw(api.url, request([`X-Long: ${'x'.repeat(20_000)}`]));
    assert.deepEqual(
      huge.map(({ status }) => status),
      [431],
    );
    const path = await sendRaw(api.url, `GET /v1/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: test\r\n\r\n`);
    assert.deepEqual(
      path.map(({ status }) => status),
      [431],
    );
  });

  it('is told that its bytes are no text, no JSON, or no number that we can hold', async () => {
    const send = (body: string | Uint8Array) =>
      api.client
        .as(owner)
        .send('post', '/v1/record-sets', body, { headers: { 'content-type': 'application/json' } });
    for (const body of [
      Buffer.from([...Buffer.from('{"name":"'), 0xc3, 0x28, ...Buffer.from('"}')]),
      Buffer.from([...Buffer.from('{"name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
      Buffer.from('{"name":"UTF-16"}', 'utf16le'),
      '{"name":NaN}',
      "{'name':'x'}",
      '{"name":"x"} {"name":"y"}',
    ]) {
      const answer = await send(body);
      assert.deepEqual([answer.status, answer.body.code], [400, 'request.malformed_json'], String(body));
    }
    const { body: batches } = await api.client.as(owner).get('/v1/batches');
    assert.deepEqual(batches.items, []);
    for (const number of ['9007199254740993', '1e400', '1.5', '-1']) {
      const { status } = await api.client
        .as(owner)
        .send('patch', `/v1/batches/${crypto.randomUUID()}`, `{"concurrency":${number}}`, {
          headers: { 'content-type': 'application/json' },
        });
      assert.equal(status, 400, number);
    }
  });

  it('can put no header and no path into the name of a download', async () => {
    const batch = await endedBatch(api.services, owner.tenantId);
    const name = 'a"; filename="../../.bashrc\r\nSet-Cookie: a=b\u{202e}';
    await api.services.database.read('search', ({ sql }) =>
      sql('update search.batches set name = $2 where id = $1', [batch.id, name]),
    );
    const { status, headers } = await api.client.as(owner).get(`/v1/batches/${batch.id}/results.csv`);
    assert.equal(status, 200);
    assert.equal(headers.get('set-cookie'), null);
    const disposition = headers.get('content-disposition') ?? '';
    assert.match(disposition, /^attachment; filename="[^"\\/]*"; filename\*=UTF-8''[\w.~%!$&+^`|-]+$/);
  });
});
