import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { listParked } from '../db/outbox/deliveries.ts';
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
import { Relay } from './relay.ts';

describe('the relay', () => {
  const tenantId = uuidv7();
  const relays: Relay[] = [];
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
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
  ) => {
    const relay = new Relay({
      database: db.database,
      domains: ['search'],
      consumers: { audit: { ...options, handle } },
      log,
      metrics: createMetrics('test'),
    });
    relays.push(relay);
    relay.start();
  };
  const publish = (subject: string, ...numbers: number[]) =>
    db.database.transaction('search', ({ publish: send }) =>
      send(...numbers.map((n) => ({ type: 'search.performed', tenantId, subject, data: { n } }))),
    );

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
    await until(() => heard.length === 2, 10_000);
    letGo(undefined);
    await until(() => heard.includes('batch:hung'));
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
        await until(() => heard.includes(round), 10_000);
      }
      assert.deepEqual([...new Set(heard)], [1, 2, 3]);
    } finally {
      await relay.stop();
      await database.close();
      await server.stop();
    }
  });
});
