import assert from 'node:assert/strict';
import { request } from 'node:http';
import { startApi, type RunningApi } from '../run.ts';
import { createRoutes } from '../routes.ts';
import { appendToFeeds } from '../../db/notifications/feed.repository.ts';
import { startTestApi, type Caller, type TestApi } from '../../test/support/api.ts';
import { EventReader, type ReadEvent } from '../../test/support/event-reader.ts';
import { feedItem, shortly, tell } from '../../test/support/feeds.ts';
import { SocketClient } from '../../test/support/socket-client.ts';
import { until } from '../../test/support/until.ts';
import { FeedFollowing } from './feed-following.ts';

describe('the stream of a feed', () => {
  let api: TestApi;
  let member: Caller;
  const open = new Set<EventReader>();
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, ['identity', 'notifications']), {
      env: { CONNECTIONS_PER_USER: '5', CONNECTIONS_PER_PROCESS: '8' },
    });
  });
  after(() => api?.close());
  beforeEach(async () => {
    ({ member } = await api.tenant());
  });
  afterEach(async () => {
    for (const reader of open) await reader.close();
    open.clear();
    // Each has its place back, or the next test would find some taken.
    await until(async () => (await openNow()) === 0);
  });

  const openNow = async () => {
    const { values } = await api.services.metrics.openConnections.get();
    return values.reduce((sum, { value }) => sum + value, 0);
  };

  async function follow(caller = member, lastEventId?: string, url = api.url): Promise<EventReader> {
    const reader = await EventReader.open(url, {
      authorization: caller.authorization,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    });
    open.add(reader);
    return reader;
  }
  const add = (count = 1, caller = member) =>
    tell(api.services.database, ...Array.from({ length: count }, () => feedItem(caller)));
  const post = (path: string, body?: object) => api.client.as(member).post(`/v1/notifications/${path}`, body);
  const brief = (events: ReadEvent[]) => events.map(({ id, event }) => `${id} ${event}`);

  it('tells what comes and what is done with it, to every tab alike', async () => {
    const tabs = [await follow(), await follow()];
    for (const tab of tabs) assert.deepEqual((await tab.next())?.data, { unread: 0 });
    await add(2);
    const item = (await tabs[0]?.next())?.data.item;
    assert.equal(item.title, 'Your order is on its way');
    await tabs[0]?.until('count');
    await post(`${item.id}/read`);
    await tabs[0]?.until('count');
    await post('archive-all', {});
    const last = (await tabs[0]?.until('count'))?.at(-1);
    assert.deepEqual([last?.id, last?.data], ['4', { unread: 0 }]);
    const heard: ReadEvent[] = [];
    while (heard.at(-1)?.id !== '4' || heard.at(-1)?.event !== 'count')
      heard.push(...((await tabs[1]?.until('count')) ?? []));
    const told = heard.filter(({ event }) => event !== 'count');
    assert.deepEqual(brief(told), ['1 added', '2 added', '3 changed', '4 all_archive']);
    assert.equal(told[2]?.data.item.id, item.id);
    assert.deepEqual(told[3]?.data, { up_to: 3, category: null });
  });

  it('loses nothing and says nothing twice over reconnects at any moment, while much is committed at once', async () => {
    const total = 120;
    const writing = Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let round = 0; round < total / 6; round += 1) await add();
      }),
    );
    const heard: string[] = [];
    let connections = 0;
    while (heard.length < total) {
      const reader = await follow(member, heard.at(-1) ?? '0');
      connections += 1;
      // Broken off after a few events each time, wherever that is.
      for (let events = 0; events < 5 + (connections % 7) && heard.length < total;) {
        const event = await reader.next();
        if (event?.event !== 'added') continue;
        events += 1;
        heard.push(event.id);
      }
      await reader.close();
    }
    await writing;
    assert.ok(connections > 10);
    assert.deepEqual(
      heard,
      Array.from({ length: total }, (_, at) => String(at + 1)),
    );
  });

  it('begins with now, and after a place that is not known says to read anew', async () => {
    await add(3);
    assert.deepEqual(brief([(await (await follow()).next()) ?? assert.fail()]), ['3 count']);
    const replay = await (await follow(member, '1')).until('count');
    assert.deepEqual(brief(replay), ['2 added', '3 added', '3 count']);
    assert.deepEqual(brief((await (await follow(member, '99')).until('count')).slice(0, 1)), ['3 reset']);
    await api.services.database.transaction('notifications', ({ sql }) =>
      sql('update notifications.feeds set forgotten = 2 where user_id = $1', [member.userId]),
    );
    assert.deepEqual(brief(await (await follow(member, '1')).until('count')), ['3 reset', '3 count']);
    assert.deepEqual(brief(await (await follow(member, '2')).until('count')), ['3 added', '3 count']);
  });

  it('tells of what other processes do, and ends in order when its own does', async () => {
    const { services } = api;
    const processes: RunningApi[] = [];
    try {
      const config = { ...services.config, PORT: 0 };
      for (let count = 0; count < 2; count += 1)
        processes.push(
          await startApi(config, { connection: { address: '127.0.0.1:1' }, namespace: 'default' }, [
            'identity',
            'notifications',
          ]),
        );
      const [here, there] = await Promise.all(
        processes.map(({ port }) => follow(member, undefined, `http://127.0.0.1:${port}`)),
      );
      await here?.next();
      await there?.next();
      const answer = async (process: number, path: string) =>
        (
          await fetch(`http://127.0.0.1:${processes[process]?.port}/v1/notifications/${path}`, {
            method: 'POST',
            headers: { authorization: member.authorization, 'content-type': 'application/json' },
            body: '{}',
          })
        ).status;
      await add();
      for (const tab of [here, there]) assert.equal((await tab?.until('count'))?.at(-1)?.data.unread, 1);
      assert.equal(await answer(1, 'read-all'), 200);
      for (const tab of [here, there]) assert.equal((await tab?.until('count'))?.at(-1)?.data.unread, 0);
      const stopping = processes.map((process) => process.stop());
      for (const tab of [here, there]) {
        assert.equal((await tab?.until('end'))?.at(-1)?.data.code, 'service.unavailable');
        assert.equal(await tab?.next(), null);
      }
      await Promise.all(stopping);
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
    }
  });

  it('finds what no notice has told of, as after a crash behind a commit', async () => {
    const following = new FeedFollowing(api.services, { sweepMilliseconds: 10 });
    const gone = new AbortController();
    const events = following.events(member, null, gone.signal);
    await events.next();
    const next = events.next();
    await api.services.database.transaction('notifications', async (transaction) => {
      await appendToFeeds({ ...transaction, wake: () => undefined }, [feedItem(member)]);
    });
    assert.equal((await next).value?.event, 'added');
    gone.abort();
    await events.return(undefined);
    await following.stop();
  });

  it('ends, with a word of why, when the session is revoked, the member removed or the token over', async () => {
    const { userId } = member;
    const short = await follow(await shortly(api, member));
    const second = await follow();
    for (const reader of [short, second]) await reader.next();
    const ended = async (reader: EventReader) => {
      const [last] = (await reader.until('end')).slice(-1);
      assert.equal(await reader.next(), null);
      return last?.data.code;
    };
    assert.equal(await ended(short), 'identity.unauthenticated');
    await api.services.database.transaction('identity', ({ sql }) =>
      sql('delete from identity.memberships where user_id = $1', [userId]),
    );
    assert.equal(await ended(second), 'identity.unauthenticated');
  });

  it('keeps a user to so many, and lets one in for each that has gone', async () => {
    const readers = await Promise.all(
      Array.from({ length: api.services.config.CONNECTIONS_PER_USER }, () => follow()),
    );
    const oneMore = () => api.client.as(member).get('/v1/notifications/stream', { begin: true });
    const refused = await oneMore();
    assert.deepEqual([refused.status, refused.body.code], [429, 'request.too_many_connections']);
    const [first] = readers;
    assert.ok(first);
    open.delete(first);
    await first.close();
    await until(async () => (await oneMore()).status === 200);
  });

  it('is refused when the process has as many as it takes, streams and WebSockets together: the next goes elsewhere', async () => {
    const other = (await api.tenant()).member;
    const { ofUser, ofProcess } = {
      ofUser: api.services.config.CONNECTIONS_PER_USER,
      ofProcess: api.services.config.CONNECTIONS_PER_PROCESS,
    };
    await Promise.all(Array.from({ length: ofUser }, () => follow()));
    await Promise.all(Array.from({ length: ofProcess - ofUser }, () => follow(other)));
    const full = await api.client.as(other).get('/v1/notifications/stream', { begin: true });
    assert.deepEqual([full.status, full.body.code], [503, 'service.too_many_connections']);
    assert.ok(Number(full.headers.get('retry-after')) >= 5);
    const token = other.authorization.replace('Bearer ', '');
    const code = 'service.too_many_connections';
    assert.deepEqual(await SocketClient.refusal(api.url, token), { status: 503, code });
    assert.equal(await openNow(), ofProcess);
    const [first] = open;
    assert.ok(first);
    open.delete(first);
    await first.close();
    await until(async () => {
      const client = await SocketClient.open(api.url, token).catch(() => null);
      client?.close();
      return client;
    });
  });

  it('holds little for whoever reads nothing, and lets go when it leaves', async () => {
    const body = 'x'.repeat(20_000);
    await tell(api.services.database, ...Array.from({ length: 400 }, () => feedItem(member, { body })));
    let read = 0;
    const following = new FeedFollowing({
      database: {
        read: (domain: 'notifications', work: never) => {
          read += 1;
          return api.services.database.read(domain, work);
        },
        urlOf: api.services.database.urlOf.bind(api.services.database),
      } as never,
      log: api.services.log,
    });
    const gone = new AbortController();
    const events = following.events(member, 0, gone.signal);
    await events.next();
    await events.next();
    assert.equal(read, 1, 'more is read from the database when what there is has been taken');
    gone.abort();
    await events.return(undefined);
    await following.stop();
  });

  it('gives signs of life', async () => {
    const following = new FeedFollowing(api.services, { heartbeatMilliseconds: 1 });
    const gone = new AbortController();
    const events = following.events(member, null, gone.signal);
    assert.equal((await events.next()).value?.event, 'count');
    assert.equal((await events.next()).value, null);
    gone.abort();
    assert.equal((await events.next()).done, true);
    await following.stop();
  });

  it('is an ordinary request to whoever asks to upgrade it to something else', async () => {
    const { status } = await new Promise<{ status: number | undefined }>((resolve, reject) => {
      const asked = request(new URL('/v1/notifications/unread-count', api.url), {
        headers: { authorization: member.authorization, connection: 'Upgrade', upgrade: 'h2c' },
      });
      asked.on('response', (response) => {
        response.resume();
        resolve({ status: response.statusCode });
      });
      asked.on('error', reject).end();
    });
    assert.equal(status, 200);
  });
});
