import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { hearNotices } from '../db/hear-notices.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { listParked } from '../db/outbox/parked.ts';
import { outboxChannel } from '../db/outbox/outbox.ts';
import type { DomainEvent } from '../domain/events/event.ts';
import { Failure } from '../domain/failure.ts';
import { startPostgres } from '../platform/local/postgres.ts';
import type { Logger } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { keptLog } from '../test/support/log-lines.ts';
import { runFolder } from '../test/support/run.ts';
import { until } from '../test/support/until.ts';
import { TargetDown, type OutboxConsumer } from './outbox-consumer.ts';
import { Relay, type RelayParts } from './relay.ts';

describe('the relay', () => {
  const tenantId = uuidv7();
  const relays: Relay[] = [];
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await db.database.transaction('search', ({ sql }) => sql('truncate search.outbox cascade'));
  });
  after(() => db.close());

  const start = (
    handle: OutboxConsumer['handle'],
    options: Omit<OutboxConsumer, 'handle'> = {},
    log: Logger = pino({ level: 'silent' }),
    parts: Partial<RelayParts> = {},
  ) => {
    const relay = new Relay({
      database: db.database,
      domains: ['search'],
      consumers: { audit: { ...options, handle } },
      log,
      metrics: createMetrics('test'),
      ...parts,
    });
    relays.push(relay);
    relay.start();
  };
  const publish = (subject: string, ...numbers: number[]) =>
    db.database.transaction('search', ({ publish: send }) =>
      send(...numbers.map((n) => ({ type: 'search.performed', tenantId, subject, data: { n } }))),
    );

  const waiting = async (): Promise<number> => {
    const rows = await db.database.read('search', ({ sql }) =>
      sql(`select 1 from search.outbox_deliveries where consumer = 'audit'`),
    );
    return rows.length;
  };

  it('delivers the events of each subject in their order, however many relays run', async () => {
    const heard = new Map<string, number[]>();
    const handle = async (events: DomainEvent[]) => {
      await new Promise(setImmediate);
      for (const event of events)
        heard.set(event.subject, [...(heard.get(event.subject) ?? []), Number(event.data['n'])]);
    };
    for (let relay = 0; relay < 3; relay += 1) start(handle);
    const subjects = ['batch:a', 'batch:b', 'batch:c', 'batch:d'];
    for (const n of [1, 2, 3, 4, 5]) await Promise.all(subjects.map((subject) => publish(subject, n)));
    await until(() => subjects.every((subject) => heard.get(subject)?.length === 5));
    for (const subject of subjects) assert.deepEqual(heard.get(subject), [1, 2, 3, 4, 5]);
  });

  it('keeps an event whose target is down, and delivers it when the target is back', async () => {
    let down = true;
    const heard: number[] = [];
    let tries = 0;
    start(async (events) => {
      tries += 1;
      if (down) throw new TargetDown('away');
      heard.push(...events.map((event) => Number(event.data['n'])));
    });
    await publish('batch:a', 1);
    await until(() => tries > 0);
    down = false;
    await until(() => heard.length === 1);
    assert.deepEqual(await db.database.read('search', ({ sql }) => listParked(sql, 'search', 10)), []);
  });

  it('lets other subjects pass an event that cannot be delivered', async () => {
    const heard: string[] = [];
    start(async (events) => {
      if (events.some((event) => event.subject === 'batch:bad')) throw new Error('poison');
      heard.push(...events.map((event) => event.subject));
    });
    await Promise.all([publish('batch:bad', 1, 2), publish('batch:good', 3)]);
    await until(() => heard.includes('batch:good'));
    await publish('batch:later', 4);
    await until(() => heard.includes('batch:later'));
    assert.ok(!heard.includes('batch:bad'));
  });

  it('logs an event that cannot be delivered with its tenant and its trace, and so what its consumer says of it', async () => {
    const { log, lines } = keptLog();
    const inConsumer = async () => {
      log.info('at work');
      throw new Error('poison');
    };
    start(inConsumer, {}, log);
    await publish('batch:bad', 1);
    await until(() => lines.length >= 2);
    for (const line of lines.slice(0, 2)) {
      assert.equal(line['tenant_id'], tenantId);
      assert.equal(line['consumer'], 'audit');
      assert.match(String(line['event_id']), /^[0-9a-f-]{36}$/);
      assert.ok('trace_id' in line);
    }
    assert.match(String(lines[1]?.['message']), /could not be delivered/);
  });

  it('delivers beside an event that hangs', async () => {
    const heard: string[] = [];
    const { promise: never, resolve: letGo } = Promise.withResolvers<undefined>();
    start(async (events) => {
      if (events.some((event) => event.subject === 'batch:hung')) await never;
      heard.push(...events.map((event) => event.subject));
    });
    // Of one transaction, so that they are claimed together.
    const subjects = ['batch:hung', 'batch:a', 'batch:b'];
    await db.database.transaction('search', ({ publish: send }) =>
      send(...subjects.map((subject) => ({ type: 'search.performed', tenantId, subject, data: {} }))),
    );
    await until(() => heard.length === 2);
    letGo(undefined);
    await until(() => heard.includes('batch:hung'));
  });

  it('settles what came with an event that hangs, and goes on with its subjects', async () => {
    const heard: string[] = [];
    const { promise: never, resolve: letGo } = Promise.withResolvers<undefined>();
    const nameOf = ({ subject, data }: DomainEvent) => `${subject} ${String(data['n'])}`;
    start(async ([event]) => {
      if (event && nameOf(event) === 'batch:hung 1') await never;
      if (event) heard.push(nameOf(event));
    });
    // Of one transaction, so that the first of each are claimed together.
    await db.database.transaction('search', ({ publish: send }) =>
      send(
        ...[1, 2, 3].flatMap((n) =>
          ['batch:hung', 'batch:a', 'batch:b'].map((subject) => ({
            type: 'search.performed',
            tenantId,
            subject,
            data: { n },
          })),
        ),
      ),
    );
    await until(() => heard.length === 6);
    assert.deepEqual(
      heard.toSorted(),
      ['a 1', 'a 2', 'a 3', 'b 1', 'b 2', 'b 3'].map((one) => `batch:${one}`),
    );
    letGo(undefined);
    await until(() => heard.length === 9);
    assert.deepEqual(heard.slice(6), ['batch:hung 1', 'batch:hung 2', 'batch:hung 3']);
    await until(async () => (await waiting()) === 0);
  });

  it('has no more events at a consumer than that takes, also while they hang', async () => {
    let [now, most] = [0, 0];
    const { promise: never, resolve: letGo } = Promise.withResolvers<undefined>();
    const heard: string[] = [];
    start(
      async ([event]) => {
        most = Math.max(most, (now += 1));
        await (event?.data['n'] === 1 ? never : new Promise(setImmediate));
        now -= 1;
        if (event) heard.push(event.subject);
      },
      { atOnce: 2 },
    );
    await publish('batch:hung', 1);
    await Promise.all(['batch:a', 'batch:b', 'batch:c'].map((subject) => publish(subject, 2)));
    await until(() => heard.length === 3);
    assert.equal(most, 2);
    letGo(undefined);
  });

  it('hands over together also the many events of one subject, in their order', async () => {
    const calls: number[][] = [];
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    await publish('batch:a', ...numbers);
    start(async (events) => void calls.push(events.map(({ data }) => Number(data['n']))), { together: true });
    await until(async () => (await waiting()) === 0);
    assert.deepEqual(calls.flat(), numbers);
    assert.ok(calls.length < 10, `${calls.length} calls`);
  });

  it('lets nothing of a subject pass the event at fault among those that are handled together', async () => {
    const heard: string[] = [];
    let bad = true;
    start(
      async (events) => {
        if (bad && events.some(({ subject, data }) => subject === 'batch:a' && data['n'] === 2))
          throw new Error('poison');
        heard.push(...events.map(({ subject, data }) => `${subject} ${String(data['n'])}`));
      },
      { together: true },
    );
    await db.database.transaction('search', ({ publish: send }) =>
      send(
        ...['batch:a', 'batch:b'].flatMap((subject) =>
          [1, 2, 3].map((n) => ({ type: 'search.performed', tenantId, subject, data: { n } })),
        ),
      ),
    );
    await until(() => heard.includes('batch:b 3'));
    assert.ok(heard.includes('batch:a 1'));
    bad = false;
    await until(() => heard.includes('batch:a 3'));
    const ofA = heard.filter((one) => one.startsWith('batch:a'));
    assert.deepEqual(ofA, ['batch:a 1', 'batch:a 2', 'batch:a 3']);
  });

  it('is woken by every commit, also one that comes between a look and the rest after it', async () => {
    const stop = new AbortController();
    let told = 0;
    const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
    const hearing = hearNotices({
      url: db.database.urlOf('search'),
      channel: outboxChannel,
      applicationName: 'test',
      stop: stop.signal,
      onListening: listens,
      onNotice: () => (told += 1),
      onProblem: (error) => assert.fail(String(error)),
    });
    await listening;
    let published = 0;
    const rounds = 20;
    const next = async () => {
      const before = told;
      published += 1;
      await publish(`batch:${published}`, published);
      await until(() => told > before);
    };
    const heard: number[] = [];
    try {
      // No sweep helps: what no notice wakes it for stays where it is.
      start(
        async (events) => void heard.push(...events.map(({ data }) => Number(data['n']))),
        {},
        undefined,
        {
          sweepMilliseconds: 600_000,
          database: {
            read: (domain, work) => db.database.read(domain, work),
            urlOf: (domain) => db.database.urlOf(domain),
            transaction: async (domain, work) => {
              const found = await db.database.transaction(domain, work);
              // The look is over and has not seen this one, and its loop is not at rest yet.
              if (found === 0 && published < rounds) await next();
              return found;
            },
          },
        },
      );
      await until(() => heard.length === rounds);
      // And some that come while it rests.
      for (let n = rounds + 1; n <= rounds + 5; n += 1) {
        await publish(`batch:${n}`, n);
        await until(() => heard.includes(n));
      }
    } finally {
      stop.abort();
      await hearing;
    }
  });

  it('repeats no delivery because of another that fails', async () => {
    const heard: string[] = [];
    let failures = 0;
    start(async (events) => {
      if (events.some((event) => event.subject === 'batch:bad')) {
        failures += 1;
        throw new Error('poison');
      }
      heard.push(...events.map((event) => event.subject));
    });
    const subjects = ['batch:a', 'batch:bad', 'batch:b', 'batch:c'];
    await db.database.transaction('search', ({ publish: send }) =>
      send(...subjects.map((subject) => ({ type: 'search.performed', tenantId, subject, data: {} }))),
    );
    await until(() => failures > 1 && heard.length >= 3);
    assert.deepEqual(heard.sort(), ['batch:a', 'batch:b', 'batch:c']);
  });

  it('finds the one at fault among events that are handled together', async () => {
    const heard: string[] = [];
    start(
      async (events) => {
        if (events.some((event) => event.subject === 'batch:bad')) throw new Error('poison');
        heard.push(...events.map((event) => event.subject));
      },
      { together: true },
    );
    const subjects = ['batch:a', 'batch:bad', 'batch:b'];
    await db.database.transaction('search', ({ publish: send }) =>
      send(...subjects.map((subject) => ({ type: 'search.performed', tenantId, subject, data: {} }))),
    );
    await until(() => heard.length === 2);
    assert.deepEqual(heard.sort(), ['batch:a', 'batch:b']);
  });

  it('never parks an event because a database or a mail server is away', async () => {
    const errors = [
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      new Failure('service.unavailable', 'The mail server is not reachable.'),
    ];
    let tries = 0;
    start(async () => {
      tries += 1;
      throw errors[tries % 2] ?? new Error('no error');
    });
    await publish('batch:a', 1);
    await until(() => tries > 1);
    const [row] = await db.database.read('search', ({ sql }) =>
      sql('select attempts from search.outbox_deliveries'),
    );
    assert.equal(row?.['attempts'], 0);
  });

  it('outlives a PostgreSQL that is killed under it, and loses nothing', async () => {
    const dataDir = join(await mkdtemp(join(await runFolder(), 'relay-')), 'postgres');
    let server = await startPostgres({ dataDir });
    const open = () =>
      new Database({ url: server.url, domainUrls: {}, poolSize: 4, applicationName: 'test' });
    const database = open();
    await migrate(() => server.url, ['search']);
    const heard: number[] = [];
    const relay = new Relay({
      database,
      domains: ['search'],
      consumers: {
        audit: {
          handle: async (events) => void heard.push(...events.map((event) => Number(event.data['n']))),
        },
      },
      log: pino({ level: 'silent' }),
      metrics: createMetrics('test'),
    });
    relay.start();
    try {
      for (let round = 1; round <= 3; round += 1) {
        const published = database.transaction('search', ({ publish: send }) =>
          send({ type: 'search.performed', tenantId, subject: 'batch:a', data: { n: round } }),
        );
        await published;
        server.kill();
        await server.exited;
        await server.stop();
        server = await startPostgres({ dataDir, port: server.port });
        await until(() => heard.includes(round));
      }
      assert.deepEqual([...new Set(heard)], [1, 2, 3]);
    } finally {
      await relay.stop();
      await database.close();
      await server.stop();
    }
  });
});
