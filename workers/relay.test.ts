import assert from 'node:assert/strict';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { listParked } from '../db/outbox/deliveries.ts';
import type { DomainEvent } from '../domain/events/event.ts';
import { createMetrics } from '../platform/metrics.ts';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { until } from '../test/support/until.ts';
import { Relay, TargetDown, type OutboxConsumer } from './relay.ts';

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

  const start = (handle: OutboxConsumer['handle']) => {
    const relay = new Relay({
      database: db.database,
      domains: ['search'],
      consumers: { audit: { handle } },
      log: pino({ level: 'silent' }),
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
});
