import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { ResolvedAddress } from './guarded-agent.ts';
import { OutboundClient, type OutboundOptions, type OutboundResult } from './outbound.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

describe('Outbound requests', () => {
  const closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const listen = async (server: Server | TcpServer): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(
      () =>
        new Promise((resolve) => {
          server.close(resolve);
          if ('closeAllConnections' in server) server.closeAllConnections();
        }),
    );
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const serve = (handler: Handler): Promise<string> => listen(createServer(handler));
  const client = (options: OutboundOptions): OutboundClient => {
    const created = new OutboundClient(options);
    closing.push(() => created.close());
    return created;
  };
  const codeOf = (result: OutboundResult): string => (result.ok ? `status ${result.status}` : result.code);

  it('bring back status, headers and body of an allowed host', async () => {
    const host = await serve((request, response) => {
      response.setHeader('x-method', request.method ?? '');
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      request.pipe(response);
    });
    const result = await client({ allowPrivate: [host] }).send({
      url: `http://${host}/echo?q=1`,
      method: 'POST',
      body: 'hello',
      hosts: [host],
    });
    assert.ok(result.ok);
    assert.deepEqual(
      [
        result.status,
        result.headers['x-method'],
        result.headers['set-cookie'],
        result.body.toString(),
        result.redirects,
      ],
      [200, 'POST', 'a=1, b=2', 'hello', 0],
    );
  });

  it('never reach a loopback or metadata address that the operator has not allowed', async () => {
    const calls: string[] = [];
    const host = await serve((request, response) => {
      calls.push(request.url ?? '');
      response.end();
    });
    const outbound = client({});
    for (const url of [`https://${host}/`, 'https://169.254.169.254/latest/meta-data/', 'https://[::1]/']) {
      const result = await outbound.send({ url, hosts: 'any' });
      assert.deepEqual([codeOf(result), !result.ok && result.reached], ['address_refused', false], url);
    }
    assert.deepEqual(calls, []);
  });

  it('stay within the hosts of the operator, whatever the caller lists', async () => {
    const outbound = client({ hosts: ['api.example.com', 'http://127.0.0.1:1'] });
    const codes: string[] = [];
    for (const url of ['https://other.example.com/', 'http://api.example.com/', 'http://127.0.0.1:1/']) {
      const hosts = ['other.example.com', 'http://api.example.com', 'http://127.0.0.1:1'];
      codes.push(codeOf(await outbound.send({ url, hosts })));
    }
    assert.deepEqual(codes, ['host_refused', 'scheme_refused', 'address_refused']);
  });

  it('check every address a name has, at the connection itself', async () => {
    const asked: string[] = [];
    const answers: ResolvedAddress[][] = [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '93.184.216.34', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ],
      [{ address: '::ffff:10.0.0.1', family: 6 }],
      [],
      [{ address: 'not-an-address', family: 4 }],
    ];
    const outbound = client({
      resolve: (name) => {
        asked.push(name);
        return Promise.resolve(answers[asked.length - 1] ?? []);
      },
    });
    const codes: string[] = [];
    for (const _ of answers)
      codes.push(codeOf(await outbound.send({ url: 'https://vendor.example/', hosts: 'any' })));
    assert.deepEqual(codes, [
      'address_refused',
      'address_refused',
      'address_refused',
      'dns_failed',
      'dns_failed',
    ]);
    assert.equal(
      asked.length,
      answers.length,
      'one look-up a connection: nothing between the check and the use',
    );
  });

  it('are not fooled by a name that is public when checked and private when used', async () => {
    const calls: string[] = [];
    const host = await serve((request, response) => {
      calls.push(request.url ?? '');
      response.end();
    });
    let lookups = 0;
    const outbound = client({
      resolve: () => {
        lookups += 1;
        return Promise.resolve([{ address: lookups === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }]);
      },
    });
    const rebinding = { url: `https://rebind.example:${host.split(':')[1]}/`, hosts: 'any' as const };
    // Nobody listens at that port of the public address; with or without a network, the connection doesn't stand.
    const first = await outbound.send({ ...rebinding, timeoutMs: 200 });
    assert.match(codeOf(first), /^(?:connect_failed|connect_timeout|timeout)$/);
    assert.equal(codeOf(await outbound.send(rebinding)), 'address_refused');
    assert.deepEqual([lookups, calls], [2, []]);
  });

  it('go to the checked address of a name, with the name in the Host header', async () => {
    const host = await serve((request, response) => response.end(request.headers.host));
    const name = `vendor.example:${host.split(':')[1]}`;
    const outbound = client({
      allowPrivate: [name],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    const result = await outbound.send({ url: `http://${name}/`, hosts: [name] });
    assert.equal(result.ok && result.body.toString(), name);
  });

  it('follow redirects within the allowed hosts only', async () => {
    const targets = new Map<string, string>();
    const host = await serve((request, response) => {
      const location = targets.get(request.url ?? '');
      if (location === undefined) response.end('arrived');
      else response.writeHead(302, { location }).end();
    });
    const forbidden = await serve((_request, response) => response.end('secret'));
    targets.set('/relative', '/end');
    targets.set('/metadata', 'http://169.254.169.254/latest/');
    targets.set('/metadata-tls', 'https://169.254.169.254/latest/');
    targets.set('/loopback', `http://${forbidden}/`);
    targets.set('/file', 'file:///etc/passwd');
    targets.set('/loop', '/loop');
    targets.set('/broken', 'http://[broken');
    const outbound = client({ allowPrivate: [host, forbidden] });
    const codes: Record<string, string> = {};
    for (const path of ['/relative', ...targets.keys()]) {
      codes[path] = codeOf(await outbound.send({ url: `http://${host}${path}`, hosts: [host] }));
    }
    assert.deepEqual(codes, {
      '/relative': 'status 200',
      '/metadata': 'host_refused',
      '/metadata-tls': 'host_refused',
      '/loopback': 'host_refused',
      '/file': 'url_invalid',
      '/loop': 'too_many_redirects',
      '/broken': 'redirect_refused',
    });
    const listed = await outbound.send({
      url: `http://${host}/metadata-tls`,
      hosts: [host, '169.254.169.254'],
    });
    assert.equal(codeOf(listed), 'address_refused');
    const unfollowed = await outbound.send({
      url: `http://${host}/relative`,
      hosts: [host],
      maxRedirects: 0,
    });
    assert.equal(codeOf(unfollowed), 'status 302');
  });

  it('carry no credential and no body to another origin', async () => {
    const seen: IncomingMessage[] = [];
    const other = await serve((request, response) => {
      seen.push(request);
      response.end();
    });
    const host = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { location: `http://${other}/` }).end();
    });
    const outbound = client({ allowPrivate: [host, other] });
    const headers = {
      authorization: 'Bearer s3cret',
      'x-api-key': 's3cret',
      cookie: 'a=s3cret',
      accept: 'a/b',
    };
    const request = { hosts: [host, other], headers };
    await outbound.send({ ...request, url: `http://${host}/302` });
    await outbound.send({ ...request, url: `http://${host}/302`, method: 'POST', body: 's3cret' });
    const kept = await outbound.send({
      ...request,
      url: `http://${host}/307`,
      method: 'POST',
      body: 's3cret',
    });
    assert.equal(codeOf(kept), 'redirect_refused');
    assert.deepEqual(
      seen.map(({ method, headers: got }) => [method, got.accept, got['content-length']]),
      [
        ['GET', 'a/b', undefined],
        ['GET', 'a/b', undefined],
      ],
    );
    assert.ok(!JSON.stringify(seen.map(({ headers: got }) => got)).includes('s3cret'));
  });

  it('end in time when the host hangs before its headers, or in the middle of its body', async () => {
    const host = await serve((request, response) => {
      if (request.url === '/body') response.writeHead(200, { 'content-length': '10' }).write('half');
    });
    const outbound = client({ allowPrivate: [host] });
    for (const path of ['/headers', '/body']) {
      const result = await outbound.send({ url: `http://${host}${path}`, hosts: [host], timeoutMs: 150 });
      assert.deepEqual([codeOf(result), !result.ok && result.reached], ['timeout', true], path);
    }
  });

  it('end when the caller cancels', async () => {
    const controller = new AbortController();
    const host = await serve(() => controller.abort());
    const outbound = client({ allowPrivate: [host] });
    const request = { url: `http://${host}/`, hosts: [host], signal: controller.signal };
    assert.equal(codeOf(await outbound.send(request)), 'aborted');
    const late = await outbound.send(request);
    assert.deepEqual([codeOf(late), !late.ok && late.reached], ['aborted', false]);
  });

  it('tell a reset from a refused connection: only the first may have been acted on', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    const reset = await client({ allowPrivate: [host] }).send({ url: `http://${host}/`, hosts: [host] });
    assert.deepEqual([codeOf(reset), !reset.ok && reset.reached], ['reset', true]);
    const gone = createServer();
    const closedHost = await listen(gone);
    await closing.pop()?.();
    const refused = await client({ allowPrivate: [closedHost] }).send({
      url: `http://${closedHost}/`,
      hosts: [closedHost],
    });
    assert.deepEqual([codeOf(refused), !refused.ok && refused.reached], ['connect_failed', false]);
  });

  it('stop reading a response that is too large, however it is sent', async () => {
    const host = await serve((request, response) => {
      const big = Buffer.alloc(200_000, 'x');
      if (request.url === '/bomb') response.setHeader('content-encoding', 'gzip').end(gzipSync(big));
      else if (request.url === '/small')
        response.setHeader('content-encoding', 'gzip').end(gzipSync('small'));
      else if (request.url === '/headers') response.setHeader('x-big', 'x'.repeat(60_000)).end();
      else if (request.url === '/lie') response.setHeader('content-encoding', 'gzip').end('not gzip');
      else response.end(big);
    });
    const outbound = client({ allowPrivate: [host] });
    const codes: Record<string, string> = {};
    for (const path of ['/big', '/bomb', '/headers', '/lie', '/small']) {
      const result = await outbound.send({
        url: `http://${host}${path}`,
        hosts: [host],
        maxResponseBytes: 100_000,
      });
      codes[path] = result.ok ? result.body.toString() : result.code;
    }
    assert.deepEqual(codes, {
      '/big': 'response_too_large',
      '/bomb': 'response_too_large',
      '/headers': 'response_too_large',
      '/lie': 'response_invalid',
      '/small': 'small',
    });
  });

  it('call what is not HTTP or not TLS by its name', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.end('SSH-2.0-lies\r\n\r\n'))),
    );
    const outbound = client({ allowPrivate: [host] });
    assert.equal(codeOf(await outbound.send({ url: `http://${host}/`, hosts: [host] })), 'response_invalid');
    assert.equal(codeOf(await outbound.send({ url: `https://${host}/`, hosts: [host] })), 'tls_failed');
    const split = await outbound.send({
      url: `http://${host}/`,
      hosts: [host],
      headers: { 'x-a': 'b\r\nx-c: d' },
    });
    assert.equal(codeOf(split), 'request_invalid');
  });
});
