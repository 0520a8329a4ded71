import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { startTestApi, type TestApi } from '../test/support/api.ts';
import { route } from './route.ts';

const thing = z.object({ id: z.string(), q: z.string() });

describe('the HTTP application', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi(({ database }) => [
      route({
        method: 'post',
        path: '/v1/things',
        summary: 'Make a thing',
        tag: 'Test',
        access: 'public',
        rate: 'write',
        query: z.strictObject({ mode: z.string().optional() }),
        body: z.looseObject({ name: z.string() }),
        responses: { 201: { description: 'Made.', body: z.looseObject({}) } },
        idempotency: { domain: 'search', mode: 'transaction' },
        handler: async ({ body }, { sql }) => {
          await sql('select $1::text, $2::jsonb', [body.name, JSON.stringify(body)]);
          return { status: 201, body };
        },
      }),
      route({
        method: 'get',
        path: '/v1/things/:id',
        summary: 'A thing',
        tag: 'Test',
        access: 'public',
        rate: 'read',
        params: z.object({ id: z.string() }),
        query: z.strictObject({ q: z.string().default('') }),
        responses: { 200: { description: 'It.', body: thing } },
        handler: async ({ params: { id }, query: { q } }) => {
          const [row] = await database.read('search', ({ sql }) =>
            sql('select $1::text as id, $2::text as q', [id, q]),
          );
          return { status: 200, body: row };
        },
      }),
      route({
        method: 'post',
        path: '/v1/things/sorted',
        summary: 'Sort the things',
        tag: 'Test',
        access: 'public',
        rate: 'write',
        responses: { 200: { description: 'Sorted.' } },
        handler: async () => ({ status: 200 }),
      }),
      route({
        method: 'get',
        path: '/v1/torn',
        summary: 'A file that breaks off',
        tag: 'Test',
        access: 'public',
        rate: 'read',
        responses: { 200: { description: 'A part of it.', mediaType: 'text/csv' } },
        handler: async () => ({
          status: 200,
          stream: { mediaType: 'text/csv', content: Readable.from(tornRows()) },
        }),
      }),
    ]);
  });
  after(() => api.close());

  async function* tornRows() {
    yield 'a,b\n';
    await new Promise(setImmediate);
    throw new Error('the file ends here');
  }
  const post = (body: string, headers: Record<string, string> = {}) =>
    api.client.post('/v1/things', body, { headers: { 'content-type': 'application/json', ...headers } });

  it('answers a method that an address does not take with 405 and those it takes', async () => {
    for (const method of ['delete', 'put', 'propfind']) {
      const { status, headers, body } = await api.client.send(method, '/v1/things', undefined);
      assert.equal(status, 405);
      assert.equal(headers.get('allow'), 'POST, OPTIONS');
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.equal(body.code, 'request.method_not_allowed');
    }
    const { status, body } = await api.client.get('/v1/nowhere');
    assert.deepEqual([status, body.code], [404, 'request.not_found']);
  });

  it('takes an address literally where it can: a thing called "sorted" is not asked for', async () => {
    const { status, headers } = await api.client.get('/v1/things/sorted');
    assert.deepEqual([status, headers.get('allow')], [405, 'POST, OPTIONS']);
    assert.equal((await api.client.post('/v1/things/sorted')).status, 200);
    assert.equal((await api.client.get('/v1/things/unsorted')).status, 200);
  });

  it('tells the methods of an address to OPTIONS, and lets no other origin in', async () => {
    const { status, headers } = await fetch(`${api.url}/v1/things/1`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' },
    });
    assert.equal(status, 204);
    assert.equal(headers.get('allow'), 'HEAD, GET, OPTIONS');
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  it('refuses text that PostgreSQL cannot hold, wherever it stands', async () => {
    const bodies = [
      String.raw`{"name":"a\u0000b"}`,
      String.raw`{"name":"a","deep":[{"x":"\u0000"}]}`,
      String.raw`{"name":"a","\u0000":1}`,
      String.raw`{"name":"half of a pair: \ud800"}`,
    ];
    for (const body of bodies) {
      const answer = await post(body);
      assert.deepEqual([answer.status, answer.body.code], [400, 'request.invalid'], body);
    }
    assert.equal((await post(String.raw`{"name":"\\u0000 \ud83d\ude00"}`)).status, 201);
    assert.equal((await api.client.get('/v1/things/1?q=a%00b')).status, 400);
    assert.equal((await api.client.get('/v1/things/a%00b')).status, 404);
  });

  it('refuses bodies that are nested without end, touch a prototype or are compressed', async () => {
    const deep = (levels: number) => `{"name":"a","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    assert.equal((await post(deep(60))).status, 201);
    assert.equal((await post(deep(200_000))).status, 400);
    assert.equal((await post('{"name":"a","__proto__":{"admin":true}}')).status, 400);
    assert.equal((await post('{"name":"a"}', { 'content-encoding': 'gzip' })).status, 415);
  });

  it('takes a key with another query for another request', async () => {
    const key = { 'idempotency-key': 'the-key' };
    assert.equal((await post('{"name":"a"}', key)).status, 201);
    assert.equal((await post('{"name":"a"}', key)).headers.get('idempotency-replayed'), 'true');
    const other = await api.client.post('/v1/things?mode=dry', { name: 'a' }, { headers: key });
    assert.equal(other.body.code, 'idempotency.key_reused');
  });

  it('closes the connection of a body that is too large, so that its rest is not read', async () => {
    const answer = await post(`{"name":"${'x'.repeat(1_100_000)}"}`);
    assert.deepEqual([answer.status, answer.headers.get('connection')], [413, 'close']);
  });

  it('lets an answer that breaks off end without its end', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write('GET /v1/torn HTTP/1.1\r\nHost: test\r\n\r\n');
    let heard = '';
    socket.on('data', (data: Buffer) => (heard += data.toString()));
    await once(socket, 'close');
    assert.match(heard, /a,b/);
    assert.doesNotMatch(heard, /\r\n0\r\n/);
  });

  it('tells browsers to stay with https, where it is reached by https', async () => {
    assert.equal((await api.client.get('/v1/nowhere')).headers.get('strict-transport-security'), null);
    const behindTls = await startTestApi(() => [], { env: { PUBLIC_URL: 'https://api.example.com' } });
    try {
      const { headers } = await behindTls.client.get('/v1/nowhere');
      assert.equal(headers.get('strict-transport-security'), 'max-age=63072000');
    } finally {
      await behindTls.close();
    }
  });

  it('takes the trace of the caller unless it is none', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const of = async (traceparent: string) =>
      (await api.client.get('/v1/things/1', { headers: { traceparent } })).headers.get('x-trace-id');
    assert.equal(await of(`00-${trace}-00f067aa0ba902b7-01`), trace);
    assert.notEqual(await of(`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`), '0'.repeat(32));
    assert.notEqual(await of(`ff-${trace}-00f067aa0ba902b7-01`), trace);
  });
});
