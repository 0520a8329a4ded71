import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createRoutes } from '../routes.ts';
import { startApi } from '../run.ts';
import { startTestApi, type Caller, type Tenant, type TestApi } from '../../test/support/api.ts';
import { feedItem, shortly, tell } from '../../test/support/feeds.ts';
import { SocketClient, type SocketMessage } from '../../test/support/socket-client.ts';
import { until } from '../../test/support/until.ts';

describe('the WebSocket of a feed', () => {
  let api: TestApi;
  let tenant: Tenant;
  let member: Caller;
  const clients = new Set<SocketClient>();
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, ['identity', 'notifications']), {
      env: { WEB_ORIGINS: 'https://app.example' },
      sockets: {
        sendMilliseconds: 300,
        closeMilliseconds: 100,
        pingMilliseconds: 50,
        burst: 30,
        perSecond: 1,
      },
    });
  });
  after(() => api?.close());
  beforeEach(async () => {
    tenant = await api.tenant();
    ({ member } = tenant);
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients.clear();
  });

  const tokenOf = ({ authorization }: Caller) => authorization.replace('Bearer ', '');
  async function join(caller = member, options = {}, url = api.url): Promise<SocketClient> {
    const client = await SocketClient.open(url, tokenOf(caller), options);
    clients.add(client);
    return client;
  }
  const subscribe = async (client: SocketClient, given: object = {}) => {
    client.say({ type: 'subscribe', channel: 'feed', ...given });
    assert.deepEqual(await client.next(), { type: 'subscribed', channel: 'feed' });
  };
  const isCount = ({ event }: SocketMessage) => event === 'count';
  const add = (count = 1, caller = member, given = {}) =>
    tell(api.services.database, ...Array.from({ length: count }, () => feedItem(caller, given)));
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };

  it('tells what happens, takes marks, and agrees with a stream', async () => {
    const [one, other] = [await join(), await join()];
    for (const client of [one, other]) {
      await subscribe(client);
      assert.deepEqual((await client.next()).data, { unread: 0 });
    }
    await add(2);
    const [added] = await one.until(isCount);
    await other.until(isCount);
    one.say({
      type: 'do',
      ref: 'a',
      channel: 'feed',
      command: 'read',
      data: { id: added?.['data'].item.id },
    });
    const told = [...(await one.until(isCount))];
    const answer = told.find(({ type }) => type === 'done') ?? (await one.next());
    assert.equal(answer['ref'], 'a');
    assert.ok(answer['data'].item.read_at);
    assert.deepEqual((await other.until(isCount)).at(-1)?.['data'], { unread: 1 });
    other.say({ type: 'do', ref: 'b', channel: 'feed', command: 'archive_all' });
    const swept = await other.until(({ type }) => type === 'done');
    assert.deepEqual(swept.at(-1)?.['data'], { changed: 2, unread: 0 });
    assert.deepEqual((await one.until(isCount)).at(-1)?.['data'], { unread: 0 });
  });

  it('goes on after the last event heard, and stops when told to', async () => {
    await add(3);
    const client = await join();
    await subscribe(client, { after: 1 });
    const events = await client.until(isCount);
    assert.deepEqual(
      events.map(({ id, event }) => [id, event]),
      [
        [2, 'added'],
        [3, 'added'],
        [3, 'count'],
      ],
    );
    client.say({ type: 'unsubscribe', channel: 'feed', ref: 'u' });
    assert.deepEqual(await client.next(), { type: 'unsubscribed', channel: 'feed', ref: 'u' });
    await add();
    client.say({ type: 'ping' });
    assert.deepEqual(await client.next(), { type: 'pong' });
    await subscribe(client, { after: 3 });
    assert.equal((await client.next())['id'], 4);
  });

  it('sends no more than the window before it is acknowledged', async () => {
    await add(5);
    const client = await join();
    await subscribe(client, { after: 0, window: 2 });
    assert.deepEqual([(await client.next())['id'], (await client.next())['id']], [1, 2]);
    client.say({ type: 'ping' });
    assert.equal((await client.next())['type'], 'pong', 'nothing was sent beyond the window');
    client.say({ type: 'ack', channel: 'feed', id: 1 });
    assert.equal((await client.next())['id'], 3);
    client.say({ type: 'ack', channel: 'feed', id: 3 });
    assert.deepEqual([(await client.next())['id'], (await client.next())['id']], [4, 5]);
  });

  it('loses nothing over reconnects while much is committed at once', async () => {
    const total = 60;
    const writing = Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let round = 0; round < total / 4; round += 1) await add();
      }),
    );
    const heard: number[] = [];
    while (heard.length < total) {
      const client = await join();
      await subscribe(client, { after: heard.at(-1) ?? 0 });
      for (let events = 0; events < 7 && heard.length < total;) {
        const { event, id } = await client.next();
        if (event !== 'added') continue;
        events += 1;
        heard.push(id as number);
      }
      client.close();
    }
    await writing;
    assert.deepEqual(
      heard,
      Array.from({ length: total }, (_, at) => at + 1),
    );
  });

  it('is open to a browser’s own WebSocket, which can set no header', async () => {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/v1/notifications/socket`, [
      'perdure.v1',
      `bearer.${tokenOf(member)}`,
    ]);
    try {
      const [message] = (await once(socket, 'message')) as [{ data: string }];
      assert.equal((JSON.parse(message.data) as SocketMessage)['type'], 'welcome');
      assert.equal(socket.protocol, 'perdure.v1');
    } finally {
      socket.close();
    }
  });

  it('lets nobody in without a credential, from a strange page, or with another protocol', async () => {
    const refusal = (token: string | null, options = {}) => SocketClient.refusal(api.url, token, options);
    const token = tokenOf(member);
    assert.deepEqual(await refusal(null), { status: 401, code: 'identity.unauthenticated' });
    assert.deepEqual(await refusal('a.b.c'), { status: 401, code: 'identity.unauthenticated' });
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example'])
      assert.deepEqual(await refusal(token, { origin }), { status: 403, code: 'request.origin_refused' });
    for (const origin of ['https://app.example', new URL(api.url).origin]) await join(member, { origin });
    const key = await api.key(member, ['account:read']);
    assert.deepEqual(await refusal(tokenOf(key)), { status: 403, code: 'identity.forbidden' });
    const elsewhere = { path: '/v1/notifications/unread-count' };
    assert.deepEqual(await refusal(token, elsewhere), { status: 401, code: 'identity.unauthenticated' });
    const program = await SocketClient.open(api.url, null, {
      headers: { authorization: member.authorization },
    });
    clients.add(program);
    const plain = await api.client.as(member).get('/v1/notifications/socket');
    assert.deepEqual([plain.status, plain.headers.get('upgrade')], [426, 'websocket']);
  });

  it('keeps a user to so many, streams and WebSockets together', async () => {
    await Promise.all(Array.from({ length: api.services.config.CONNECTIONS_PER_USER }, () => join()));
    const code = 'request.too_many_connections';
    assert.deepEqual(await SocketClient.refusal(api.url, tokenOf(member)), { status: 429, code });
    for (const client of clients) client.close();
    clients.clear();
    await until(() => join());
  });

  it('ends when the session does, with a code that says so', async () => {
    const client = await join();
    await api.services.database.transaction('identity', ({ sql }) =>
      sql(`update identity.sessions set ended_at = now(), end_reason = 'logged_out' where user_id = $1`, [
        member.userId,
      ]),
    );
    assert.equal(await client.closed(), 4401);
  });

  it('ends when the scope is taken away', async () => {
    const key = await api.key(member, ['notifications:read']);
    const client = await join(key);
    await api.services.database.transaction('identity', ({ sql }) =>
      sql(`update identity.api_keys set scopes = '{account:read}' where user_id = $1`, [member.userId]),
    );
    assert.equal(await client.closed(), 4403);
  });

  it('outlives an access token with a new one of the same user, and no other', async () => {
    const short = await shortly(api, member);
    const [renewed, left] = [await join(short), await join(short)];
    renewed.say({ type: 'authenticate', ref: 'x', token: tokenOf(tenant.owner) });
    assert.equal((await renewed.next())['problem'].code, 'identity.forbidden');
    renewed.say({ type: 'authenticate', token: 'pk_wrong' });
    assert.equal((await renewed.next())['problem'].code, 'identity.unauthenticated');
    renewed.say({ type: 'authenticate', token: tokenOf(member) });
    assert.equal((await renewed.next())['type'], 'authenticated');
    assert.equal(await left.closed(), 4401);
    renewed.say({ type: 'ping' });
    assert.equal((await renewed.next())['type'], 'pong');
  });

  it('answers what it does not understand, and lets no key do what it may not', async () => {
    const key = await api.key(member, ['notifications:read']);
    const client = await join(key);
    const item = { id: crypto.randomUUID() };
    for (const [message, code] of [
      [{ type: 'nonsense' }, 'request.invalid'],
      [{ type: 'subscribe', channel: '__proto__' }, 'request.invalid'],
      [{ type: 'subscribe', channel: 'feed', after: -1 }, 'request.invalid'],
      [{ type: 'do', channel: 'feed', command: 'constructor' }, 'request.invalid'],
      [{ type: 'do', channel: 'feed', command: 'read', data: item }, 'identity.forbidden'],
      [[], 'request.invalid'],
      [{ type: 'ping', ref: 'a\0b' }, 'request.invalid'],
    ] as const) {
      client.say(message);
      const answer = await client.next();
      assert.deepEqual([answer['type'], answer['problem'].code], ['failed', code], JSON.stringify(message));
    }
    const writer = await join();
    writer.say({ type: 'do', ref: 'r', channel: 'feed', command: 'read', data: item });
    const missing = await writer.next();
    assert.equal(missing['problem'].code, 'notifications.notification_not_found');
    assert.equal(missing['ref'], 'r');
  });

  it('closes on hostile frames, each with its code', async () => {
    const send = async (hurt: (client: SocketClient) => void) => {
      const client = await join();
      hurt(client);
      return await client.closed();
    };
    const raw = (client: SocketClient, bytes: number[]) =>
      (client.socket as unknown as { _socket: { write(data: Buffer): void } })._socket.write(
        Buffer.from(bytes),
      );
    assert.equal(await send(({ socket }) => socket.send('{not json')), 4400);
    assert.equal(await send(({ socket }) => socket.send(Buffer.from('{"type":"ping"}'))), 4400);
    assert.equal(await send(({ socket }) => socket.send('x'.repeat(20_000))), 1009);
    assert.equal(await send(({ socket }) => socket.send(Buffer.from([0xc3, 0x28]), { binary: false })), 1007);
    // Not masked; a reserved bit; an opcode that is none; a ping that is too long.
    assert.equal(await send((client) => raw(client, [0x81, 0x02, 0x7b, 0x7d])), 1002);
    assert.equal(await send((client) => raw(client, [0xc1, 0x80, 0, 0, 0, 0])), 1002);
    assert.equal(await send((client) => raw(client, [0x83, 0x80, 0, 0, 0, 0])), 1002);
    assert.equal(await send((client) => raw(client, [0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0])), 1002);
    const flood = await send((client) => {
      for (let count = 0; count < 100; count += 1) client.say({ type: 'ping' });
    });
    assert.equal(flood, 4429);
    assert.equal((await api.client.as(member).get('/v1/notifications/unread-count')).status, 200);
  });

  it('survives handshakes that are broken or broken off', async () => {
    const handshake = (headers: Record<string, string>) =>
      [
        'GET /v1/notifications/socket HTTP/1.1',
        'Host: test',
        ...Object.entries({ ...upgrade, Authorization: member.authorization, ...headers }).map(
          ([name, value]) => `${name}: ${value}`,
        ),
        '\r\n',
      ].join('\r\n');
    const answerOf = async (text: string) => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(text);
      let heard = '';
      for await (const chunk of socket) heard += String(chunk);
      return heard.split('\r\n')[0] ?? '';
    };
    assert.match(await answerOf(handshake({ 'Sec-WebSocket-Key': 'short' })), / 400 /);
    assert.match(await answerOf(handshake({ 'Sec-WebSocket-Version': '7' })), / 4(00|26) /);
    assert.match(await answerOf(handshake({ 'Sec-WebSocket-Protocol': 'other.v9' })), / 400 /);
    for (let count = 0; count < api.services.config.CONNECTIONS_PER_USER + 5; count += 1) {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(handshake({}));
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    await until(() => join());
  });

  it('lets a client go that does not answer pings', async () => {
    const deaf = await join();
    deaf.socket.pause();
    await until(() => api.sockets.count === 0);
  });

  it('lets a client go that does not read what it is sent', async () => {
    await add(300, member, { body: 'x'.repeat(60_000) });
    const slow = await join();
    // It is alive, and answers pings.
    const alive = setInterval(() => slow.socket.pong(), 10);
    try {
      await subscribe(slow, { after: 0 });
      slow.socket.pause();
      await until(() => api.sockets.count === 0);
    } finally {
      clearInterval(alive);
    }
  });

  it('is closed in order when the process ends, and the next one goes on', async () => {
    const config = { ...api.services.config, PORT: 0 };
    const temporal = { connection: { address: '127.0.0.1:1' }, namespace: 'default' };
    const running = await startApi(config, temporal, ['identity', 'notifications']);
    const client = await join(member, {}, `http://127.0.0.1:${running.port}`);
    await subscribe(client);
    await client.until(isCount);
    await Promise.all([running.stop(), client.closed().then((code) => assert.equal(code, 1001))]);
    await add();
    const next = await join();
    await subscribe(next, { after: 0 });
    assert.equal((await next.next())['id'], 1);
  });
});
