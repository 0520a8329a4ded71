import assert from 'node:assert/strict';
import { startTestApi, type ApiClient, type TestApi } from '../../test/support/api.ts';
import { createCodecRoutes } from './codec.routes.ts';

const decode = '/v1/codec/decode';
const encode = '/v1/codec/encode';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = (text: string) => ({
  payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify(text)) }],
});

const ui = 'https://temporal.example';
const localUi = 'http://127.0.0.1:8233';

describe('the codec endpoint', () => {
  let api: TestApi;
  let operator: ApiClient;
  before(async () => {
    api = await startTestApi(createCodecRoutes, { env: { TEMPORAL_UI_ORIGIN: `${ui},${localUi}` } });
    operator = api.client.as(await api.operator());
  });
  after(() => api?.close());

  it('encodes and decodes for an operator', async () => {
    const namespace = { headers: { 'X-Namespace': 'default' } };
    const sealed = await operator.post(encode, plain('planted'), namespace);
    assert.equal(sealed.status, 200);
    assert.equal(sealed.body.payloads[0].metadata.encoding, base64('binary/encrypted'));
    assert.deepEqual((await operator.post(decode, sealed.body, namespace)).body, plain('planted'));
    assert.deepEqual((await operator.post(decode, plain('never sealed'))).body, plain('never sealed'));
    assert.deepEqual((await operator.post(decode, { payloads: [] })).body, { payloads: [] });
  });

  it('refuses everybody else, from the page of the Web UI as well', async () => {
    const { owner, admin, member, viewer } = await api.tenant();
    for (const path of [decode, encode]) {
      for (const caller of [owner, admin, member, viewer]) {
        assert.equal((await api.client.as(caller).post(path, plain('x'))).status, 403);
      }
      for (const origin of [ui, localUi]) {
        assert.equal((await api.client.post(path, plain('x'), { headers: { origin } })).status, 401);
      }
    }
  });

  it('refuses what was altered, sealed elsewhere or never a payload, and repeats none of it', async () => {
    const { body } = await operator.post(encode, plain('planted'));
    const [{ metadata, data }] = body.payloads;
    const bytes = Buffer.from(data, 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const keyOf = (id: string) => ({ ...metadata, 'encryption-key-id': base64(id) });
    const cases: [object, string][] = [
      [{ metadata, data: bytes.toString('base64') }, 'codec.payload_altered'],
      [{ metadata: keyOf('ring:other'), data }, 'codec.key_unknown'],
      [{ metadata: keyOf('<script>'), data }, 'codec.payload_malformed'],
      [{ metadata, data: '' }, 'codec.payload_malformed'],
    ];
    for (const [payload, code] of cases) {
      const answer = await operator.post(decode, { payloads: [payload] });
      assert.deepEqual([answer.status, answer.body.code], [422, code]);
      assert.doesNotMatch(answer.body.detail, /script/);
    }
    const nonsense = [
      {},
      { payloads: {} },
      { payloads: [{ data: 'not base64!' }] },
      { payloads: [{ metadata: { a: 1 } }] },
    ];
    for (const wrong of nonsense) assert.equal((await operator.post(decode, wrong)).status, 400);
  });

  it('is open to pages of the Web UI and of no other origin', async () => {
    const preflight = async (origin: string) =>
      await fetch(api.url + decode, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight(ui);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-origin'), ui);
    assert.equal(allowed.headers.get('access-control-allow-methods'), 'POST');
    assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /Authorization.*X-Namespace/);
    assert.equal(allowed.headers.get('access-control-allow-credentials'), null);
    assert.equal(allowed.headers.get('vary'), 'Origin');
    for (const origin of ['https://elsewhere.example', `${ui}.elsewhere.example`, 'null', '']) {
      const { headers } = await preflight(origin);
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
      assert.equal(headers.get('access-control-allow-headers'), null, origin);
      const answer = await operator.post(decode, plain('x'), { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, origin);
    }
    // An error can be read by the page too, which then says what is wrong.
    const refused = await api.client.post(decode, plain('x'), { headers: { origin: ui } });
    assert.equal(refused.headers.get('access-control-allow-origin'), ui);
  });
});

describe('the codec endpoint in development', () => {
  let api: TestApi;
  before(async () => {
    const env = { DEVELOPMENT: 'true', TEMPORAL_UI_ORIGIN: `${ui},${localUi}` };
    api = await startTestApi(createCodecRoutes, { env });
  });
  after(() => api?.close());

  const from = (headers: Record<string, string>, client = api.client) =>
    client.post(decode, plain('x'), { headers });

  it("takes the page of this machine's Web UI without a token", async () => {
    const { status, headers } = await from({ origin: localUi });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), localUi);
  });

  it('still asks everybody else for one, and for the scope', async () => {
    assert.equal((await from({})).status, 401);
    assert.equal((await from({ origin: ui })).status, 401, 'not on this machine');
    assert.equal((await from({ origin: 'http://127.0.0.1:8234' })).status, 401);
    assert.equal((await from({ origin: localUi, 'x-forwarded-for': '203.0.113.9' })).status, 401);
    assert.equal((await from({ origin: localUi, authorization: 'Bearer pk_wrong' })).status, 401);
    const { owner } = await api.tenant();
    assert.equal((await from({}, api.client.as(owner))).status, 403);
    assert.equal((await from({}, api.client.as(await api.operator()))).status, 200);
  });
});
