import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { inspect } from 'node:util';
import { Failure } from '../../domain/failure.ts';
import { httpProviderConfigSchema } from '../../domain/search/http-provider/config.ts';
import type { ProviderAnswer } from '../../domain/search/provider.ts';
import { normaliseQuery } from '../../domain/search/query.ts';
import { OutboundClient } from '../http/outbound.ts';
import { HttpProvider } from './http-provider.ts';

const secrets = { api_key: 's3cret-k&y', user: 'vendor-user', password: 'p4ssw0rd' };
const query = normaliseQuery('phone', { phone: '+1 415 555 2671' });

describe('The http provider', () => {
  const closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const vendor = (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    closing.push(() => Promise.resolve(server.closeAllConnections()));
    return listen(server);
  };
  const providerAt = (
    origin: string,
    { allowPrivate = [], ...request }: { allowPrivate?: string[] } & Record<string, unknown> = {},
  ): HttpProvider => {
    const client = new OutboundClient({ allowPrivate });
    closing.push(() => client.close());
    const config = httpProviderConfigSchema.parse({
      kinds: ['phone'],
      request: {
        url: `${origin}/v1/lookup?phone={{phone.e164}}&key={{secret.api_key}}`,
        basic_auth: { username: '{{secret.user}}', password: '{{secret.password}}' },
        headers: { 'x-api-key': '{{secret.api_key}}', 'idempotency-key': '{{call.key}}' },
        ...request,
      },
      answer: { people: '/people', fields: { full_name: '/name' }, facts: { echo: '/echo', line: '/line' } },
      validated: [{ pointer: '/line', equals: 'mobile' }],
    });
    return new HttpProvider({ config, secrets, client });
  };
  const ask = (provider: HttpProvider, signal = new AbortController().signal): Promise<ProviderAnswer> =>
    provider.search(query, { signal, limit: 5, minScore: 0, effectKey: 'search:7' });
  const assertNoSecret = (value: unknown): void => {
    const text = inspect(value, { depth: 20, showHidden: true });
    for (const secret of Object.values(secrets)) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        assert.ok(!text.includes(form), `a secret shows in ${text.slice(0, 500)}`);
      }
    }
  };

  it('asks a vendor by the templates and reads its people and facts', async () => {
    const seen: IncomingMessage[] = [];
    const host = await vendor((request, response) => {
      seen.push(request);
      response
        .setHeader('content-type', 'text/html')
        .end(JSON.stringify({ people: { name: 'Ada' }, line: 'mobile' }));
    });
    const answer = await ask(providerAt(`http://${host}`, { allowPrivate: [host] }));
    assert.deepEqual(answer, {
      outcome: 'hit',
      people: [{ fields: { full_name: 'Ada' }, score: 0.5, matchedOn: [], evidence: [] }],
      validated: true,
      facts: { line: 'mobile' },
    });
    assert.equal(seen[0]?.url, '/v1/lookup?phone=%2B14155552671&key=s3cret-k%26y');
    assert.equal(seen[0]?.headers['idempotency-key'], 'search:7');
  });

  it('answers as an error whatever goes wrong, and shows no secret', async () => {
    const listeners: Record<string, RequestListener> = {
      'the answer is not JSON': (_request, response) => response.end('<html>sorry</html>'),
      'status 500': (request, response) => response.writeHead(500).end(`bad request ${request.url}`),
      response_too_large: (_request, response) => response.end('x'.repeat(20_000)),
      timeout: () => undefined,
      reset: (request) => request.socket.resetAndDestroy(),
      host_refused: (_request, response) =>
        response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      too_many_redirects: (request, response) => response.writeHead(302, { location: request.url }).end(),
    };
    for (const [reason, listener] of Object.entries(listeners)) {
      const host = await vendor(listener);
      const timeoutMs = reason === 'timeout' ? 150 : 30_000;
      const limits = { allowPrivate: [host], timeout_ms: timeoutMs, max_response_bytes: 10_000 };
      const provider = providerAt(`http://${host}`, limits);
      const answer = await ask(provider);
      assert.deepEqual(answer, { outcome: 'error', people: [], validated: false, reason });
      assertNoSecret([answer, provider]);
    }
    const gone = await listen(createTcpServer());
    await closing.pop()?.();
    assert.equal(
      (await ask(providerAt(`http://${gone}`, { allowPrivate: [gone] }))).reason,
      'connect_failed',
    );
    const noTls = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.end('no\r\n\r\n'))),
    );
    assert.equal((await ask(providerAt(`https://${noTls}`, { allowPrivate: [noTls] }))).reason, 'tls_failed');
  });

  it('blocks private addresses, also after a redirect, unless the operator allows them', async () => {
    const calls: string[] = [];
    const inner = await vendor((request, response) => {
      calls.push(request.url ?? '');
      response.end('{}');
    });
    const host = await vendor((_request, response) =>
      response.writeHead(307, { location: `http://${inner}/` }).end(),
    );
    const reasons = [
      await ask(providerAt('https://169.254.169.254')),
      await ask(providerAt(`https://${inner}`)),
      await ask(providerAt(`http://${inner}`)),
      await ask(providerAt(`http://${host}`, { allowPrivate: [host] })),
      await ask(providerAt(`http://${host}`, { allowPrivate: [host], redirect_hosts: [inner] })),
    ].map(({ reason }) => reason);
    assert.deepEqual(reasons, [
      'address_refused',
      'address_refused',
      'address_refused',
      'host_refused',
      'scheme_refused',
    ]);
    assert.deepEqual(calls, []);
    const allowed = { allowPrivate: [host, inner], redirect_hosts: [inner] };
    assert.equal((await ask(providerAt(`http://${host}`, allowed))).outcome, 'miss');
    assert.deepEqual(calls, ['/']);
  });

  it('passes on how long the vendor wants it to wait', async () => {
    const host = await vendor((_request, response) => response.writeHead(429, { 'retry-after': '2' }).end());
    const answer = await ask(providerAt(`http://${host}`, { allowPrivate: [host] }));
    assert.deepEqual([answer.outcome, answer.retryAfterMs], ['throttled', 2_000]);
  });

  it('takes secrets out of what a vendor echoes', async () => {
    const host = await vendor((request, response) => {
      const echo = { url: request.url, headers: request.headers, [secrets.api_key]: 1 };
      response.end(JSON.stringify({ people: [{ name: `Ada ${secrets.api_key}` }], echo }));
    });
    const answer = await ask(providerAt(`http://${host}`, { allowPrivate: [host] }));
    assert.equal(answer.people[0]?.fields.full_name, 'Ada [secret]');
    assertNoSecret(answer);
    const pair = Buffer.from(`${secrets.user}:${secrets.password}`).toString('base64');
    assert.ok(!JSON.stringify(answer).includes(pair));
  });

  it('stops when the search is cancelled', async () => {
    const controller = new AbortController();
    const host = await vendor(() => controller.abort());
    const answer = await ask(providerAt(`http://${host}`, { allowPrivate: [host] }), controller.signal);
    assert.deepEqual([answer.outcome, answer.reason], ['error', 'aborted']);
  });

  it('is not made without the secrets it needs', () => {
    const client = new OutboundClient();
    closing.push(() => client.close());
    const config = httpProviderConfigSchema.parse({
      kinds: ['phone'],
      request: { url: 'https://api.example.com/?key={{secret.api_key}}' },
      answer: {},
    });
    assert.throws(
      () => new HttpProvider({ config, secrets: { other: 'x' }, client }),
      (error) => error instanceof Failure && error.code === 'search.provider_invalid',
    );
  });
});
