import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../db/database.ts';
import { SearchLogRepository } from '../../db/search/search-log.repository.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { effectsOf, writeEffects } from './effects.ts';
import { SearchRecorder, type SearchRecord } from './recorder.ts';

describe('searches that are recorded at the same time', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
  });
  after(() => test.close());

  const recordOf = (tenantId: string): SearchRecord => {
    const searchId = uuidv7();
    return {
      scope: { tenantId, userId: null, source: 'api', traceId: null },
      effects: effectsOf(
        'USD',
        [],
        [
          {
            searchId,
            kind: 'phone',
            status: 'not_found',
            queryHash: null,
            people: [],
            trace: [],
            problem: null,
            costMicros: 0n,
            milliseconds: 1,
            cached: true,
            performedAt: new Date(),
          },
        ],
      ),
      event: { type: 'search.performed', tenantId, subject: `search:${searchId}`, data: {} },
    };
  };
  const logOf = (tenantId: string) =>
    test.database.read('search', ({ sql }) => new SearchLogRepository(sql, tenantId).list({}, 1_000, null));
  const eventsOf = async (tenantId: string): Promise<number> => {
    const rows = await test.database.read('search', ({ sql }) =>
      sql('select 1 from search.outbox where tenant_id = $1', [tenantId]),
    );
    return rows.length;
  };

  const deliveriesTo = async (consumer: string, tenantId: string): Promise<number> => {
    const rows = await test.database.read('search', ({ sql }) =>
      sql(
        `select 1 from search.outbox_deliveries join search.outbox using (position)
         where consumer = $1 and tenant_id = $2`,
        [consumer, tenantId],
      ),
    );
    return rows.length;
  };

  it('are all in the log when their callers are told, each with its event and its own organisation', async () => {
    const recorder = new SearchRecorder(test.database);
    const tenants = [uuidv7(), uuidv7()];
    await Promise.all(
      Array.from({ length: 250 }, async (_, place) => {
        const record = recordOf(tenants[place % 2] as string);
        await recorder.record(record);
        const [{ searchId } = { searchId: '' }] = record.effects.log;
        const found = await test.database.read('search', ({ sql }) =>
          new SearchLogRepository(sql, record.scope.tenantId).find(searchId),
        );
        assert.ok(found);
      }),
    );
    for (const tenant of tenants) {
      assert.equal((await logOf(tenant)).length, 125);
      assert.equal(await eventsOf(tenant), 125);
      assert.equal(await deliveriesTo('audit', tenant), 125);
      // Of those that were recorded together, one marks the day.
      const marks = await deliveriesTo('search-statistics', tenant);
      assert.ok(marks >= 1 && marks < 125, `${marks} marks`);
    }
  });

  it('do not fail because of another that cannot be recorded', async () => {
    const recorder = new SearchRecorder(test.database);
    const tenant = uuidv7();
    const outcomes = await Promise.allSettled([
      recorder.record(recordOf(tenant)),
      recorder.record(recordOf(tenant)),
      recorder.record(recordOf('no tenant')),
      recorder.record(recordOf(tenant)),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await logOf(tenant)).length, 3);
    assert.equal(await eventsOf(tenant), 3);
  });

  it('do not fail because of another that waits for too long', async () => {
    const hasty = new Database({
      url: test.urlOf('search'),
      domainUrls: {},
      poolSize: 10,
      applicationName: 'test',
      statementSeconds: 1,
    });
    try {
      const recorder = new SearchRecorder(hasty);
      const tenant = uuidv7();
      const held = recordOf(uuidv7());
      const outcomes = await test.database.transaction('search', async ({ sql }) => {
        await writeEffects(sql, held.scope, held.effects);
        return await Promise.allSettled([
          recorder.record(recordOf(tenant)),
          recorder.record(recordOf(tenant)),
          recorder.record(held),
          recorder.record(recordOf(tenant)),
        ]);
      });
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
      );
      assert.equal((await logOf(tenant)).length, 3);
      assert.equal(await eventsOf(tenant), 3);
      await recorder.record(held);
    } finally {
      await hasty.close();
    }
  });
});
