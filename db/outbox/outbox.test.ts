import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import type { Sql } from '../sql.ts';
import {
  claimDeliveries,
  consumersWithDue,
  leaseDeliveries,
  maxAttempts,
  outboxState,
  postponeDelivery,
  releaseDeliveries,
  settleDeliveries,
} from './deliveries.ts';
import { listParked, replayParked } from './parked.ts';
import { pruneOutbox } from './retention.ts';

describe('the outbox', () => {
  let db: TestDatabase;
  const tenantId = uuidv7();
  before(async () => {
    db = await testDatabase({ of: ['search'] });
  });
  after(() => db.close());
  beforeEach(() => db.database.transaction('search', ({ sql }) => sql('truncate search.outbox cascade')));

  const publish = (subject: string, n: number) =>
    db.database.transaction('search', ({ publish: send }) =>
      send({ type: 'search.performed', tenantId, subject, data: { n } }),
    );
  const claim = (limit = 10) =>
    db.database.transaction('search', ({ sql }) => claimDeliveries(sql, 'search', 'audit', { limit }));

  const postpone = async (position: string, targetIsDown: boolean): Promise<boolean> => {
    const failure = { message: 'it failed', targetIsDown };
    const { parked } = await db.database.transaction('search', ({ sql }) =>
      postponeDelivery(sql, 'search', 'audit', position, failure),
    );
    return parked;
  };

  it('keeps no event of a transaction that fails', async () => {
    const failing = db.database.transaction('search', async ({ publish: send }) => {
      await send({ type: 'search.performed', tenantId, subject: 'search:1', data: {} });
      throw new Error('the command fails');
    });
    await assert.rejects(failing, /the command fails/);
    assert.deepEqual(await claim(), []);
  });

  it('hands out the oldest event of each subject, and the next when that is done', async () => {
    await publish('batch:a', 1);
    await publish('batch:a', 2);
    await publish('batch:b', 3);
    const first = await claim();
    assert.deepEqual(
      first.map((event) => event.data['n']),
      [1, 3],
    );
    await db.database.transaction('search', ({ sql }) =>
      settleDeliveries(
        sql,
        'search',
        'audit',
        first.map((event) => event.position),
      ),
    );
    assert.deepEqual(
      (await claim()).map((event) => event.data['n']),
      [2],
    );
  });

  it('gives two relays different events, and an event back when its relay dies', async () => {
    await publish('batch:a', 1);
    await publish('batch:b', 2);
    await db.database.transaction('search', async ({ sql }) => {
      const mine = await claimDeliveries(sql, 'search', 'audit', { limit: 1 });
      assert.deepEqual(
        mine.map((event) => event.data['n']),
        [1],
      );
      assert.deepEqual(
        (await claim()).map((event) => event.data['n']),
        [2],
      );
    });
    assert.equal((await claim()).length, 2);
  });

  it('parks what keeps failing, holds back its subject alone, and replays it on demand', async () => {
    await publish('batch:a', 1);
    await publish('batch:a', 2);
    await publish('batch:b', 3);
    const [failing] = await claim(1);
    assert.ok(failing);
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const parked: boolean = await postpone(failing.position, false);
      assert.equal(parked, attempt === maxAttempts);
    }
    assert.deepEqual(
      (await claim()).map((event) => event.data['n']),
      [3],
    );
    const [parked] = await db.database.read('search', ({ sql }) => listParked(sql, 'search', 10));
    assert.equal(parked?.waiting, 1);
    const replayed = () =>
      db.database.transaction('search', ({ sql }) => replayParked(sql, 'search', 'audit', failing.position));
    assert.equal(await replayed(), true);
    assert.equal(await replayed(), false);
    assert.deepEqual(
      (await claim()).map((event) => event.data['n']),
      [1, 3],
    );
  });

  it('keeps what is leased from others until the lease ends, and lets none meddle who has lost it', async () => {
    const inTransaction = <T>(work: (sql: Sql) => Promise<T>) =>
      db.database.transaction('search', ({ sql }) => work(sql));
    const due = () => inTransaction((sql) => consumersWithDue(sql, 'search', ['audit', 'search-statistics']));
    await publish('batch:a', 1);
    await publish('batch:a', 2);
    assert.deepEqual(await due(), ['audit', 'search-statistics']);
    const positions = (await claim()).map(({ position }) => position);
    const lease = await inTransaction((sql) => leaseDeliveries(sql, 'search', 'audit', positions));
    assert.ok(lease);
    // What follows waits behind it.
    assert.deepEqual(await claim(), []);
    const renewed = await inTransaction((sql) => leaseDeliveries(sql, 'search', 'audit', positions, lease));
    assert.ok(renewed && renewed !== lease);
    const [position = ''] = positions;
    const failure = { message: 'it failed', targetIsDown: false };
    await inTransaction((sql) => postponeDelivery(sql, 'search', 'audit', position, { ...failure, lease }));
    await inTransaction((sql) => releaseDeliveries(sql, 'search', 'audit', positions, lease));
    assert.deepEqual(await claim(), []);
    await inTransaction((sql) => releaseDeliveries(sql, 'search', 'audit', positions, renewed));
    const [again] = await claim();
    assert.deepEqual([again?.position, again?.attempts], [position, 0]);
  });

  it('hands out events of one subject that follow each other, up to one that is put off', async () => {
    for (const n of [1, 2, 3, 4]) await publish('batch:a', n);
    await publish('batch:b', 5);
    const claimLines = (limit: number) =>
      db.database.transaction('search', async ({ sql }) => {
        const events = await claimDeliveries(sql, 'search', 'audit', { limit, eachSubject: limit });
        return events.map((event) => event.data['n']);
      });
    assert.deepEqual(await claimLines(3), [1, 2, 3]);
    assert.deepEqual(await claimLines(10), [1, 2, 3, 4, 5]);
    const all = await db.database.transaction('search', ({ sql }) =>
      claimDeliveries(sql, 'search', 'audit', { limit: 10, eachSubject: 10 }),
    );
    await postpone(all[2]?.position ?? '', true);
    assert.deepEqual(await claimLines(10), [1, 2, 5]);
  });

  it('tells how much waits, how old the oldest of that is, and how much is parked', async () => {
    for (const subject of ['batch:a', 'batch:b', 'batch:c']) await publish(subject, 1);
    await db.database.transaction('search', async ({ sql }) => {
      await sql(`update search.outbox set occurred_at = now() - interval '1 hour' where subject = 'batch:b'`);
      await sql(`update search.outbox set occurred_at = now() - interval '1 day' where subject = 'batch:a'`);
      await sql(
        `update search.outbox_deliveries set parked_at = now() where subject = 'batch:a' and consumer = 'audit'`,
      );
    });
    const states = await db.database.read('search', ({ sql }) => outboxState(sql, 'search'));
    const audit = states.find(({ consumer }) => consumer === 'audit');
    assert.deepEqual(audit, { ...audit, consumer: 'audit', waiting: 2, parked: 1 });
    assert.equal(Math.round(audit.oldestSeconds / 60), 60);
  });

  it('never parks an event because its target is down', async () => {
    await publish('batch:a', 1);
    const [event] = await claim(1);
    assert.ok(event);
    for (let attempt = 0; attempt <= maxAttempts + 1; attempt += 1) {
      const parked: boolean = await postpone(event.position, true);
      assert.equal(parked, false);
    }
  });

  it('is not slowed by what waits behind one subject, and gives every subject its turn', async () => {
    for (let thousand = 0; thousand < 20; thousand += 1) {
      await db.database.transaction('search', ({ publish: send }) =>
        send(
          ...Array.from({ length: 1_000 }, (_, n) => ({
            type: 'search.performed',
            tenantId,
            subject: 'batch:m',
            data: { n },
          })),
        ),
      );
    }
    await publish('batch:a', 1);
    await publish('batch:z', 2);
    await db.database.read('search', ({ sql }) => sql('analyze search.outbox_deliveries'));
    const claimAfter = (after: string) =>
      db.database.transaction('search', ({ sql }) =>
        claimDeliveries(sql, 'search', 'audit', { limit: 2, after }),
      );
    const subjects = (events: { subject: string }[]) => events.map((event) => event.subject);
    assert.deepEqual(subjects(await claimAfter('')), ['batch:a', 'batch:m']);
    assert.deepEqual(subjects(await claimAfter('batch:m')), ['batch:z']);
    const touched = await db.database.transaction('search', async ({ sql }) => {
      const plans: Plan[] = [];
      const explained: Sql = async (text, parameters) => {
        const rows = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
          `explain (analyze, format json) ${text}`,
          parameters,
        );
        plans.push(...rows.map((row) => row['QUERY PLAN'][0].Plan));
        return [];
      };
      await claimDeliveries(explained, 'search', 'audit', { limit: 2, after: '' });
      return plans.reduce((sum, plan) => sum + rowsIn(plan), 0);
    });
    assert.ok(touched > 0 && touched < 100, `of 20,000 that wait, ${touched} rows were touched`);
  });

  it('forgets what was delivered long ago, a slice at a time, and nothing that waits', async () => {
    const ages = `update search.outbox set occurred_at = now() - interval '8 days' where subject <> 'search:new'`;
    for (const subject of ['search:1', 'search:2', 'search:3', 'search:waits', 'search:new'])
      await publish(subject, 1);
    await db.database.transaction('search', async ({ sql }) => {
      await sql(ages);
      await sql(`delete from search.outbox_deliveries where subject <> 'search:waits'`);
    });
    const prune = () => db.database.transaction('search', ({ sql }) => pruneOutbox(sql, 'search', 7, 2));
    assert.deepEqual([await prune(), await prune(), await prune()], [2, 1, 0]);
    const left = await db.database.read('search', ({ sql }) =>
      sql<{ subject: string }>('select subject from search.outbox order by position'),
    );
    assert.deepEqual(
      left.map(({ subject }) => subject),
      ['search:waits', 'search:new'],
    );
  });
});

interface Plan {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows the steps of a plan have taken up. */
function rowsIn(plan: Plan): number {
  const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  return (plan.Plans ?? []).reduce((sum, part) => sum + rowsIn(part), own);
}
