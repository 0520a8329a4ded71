import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { v7 as uuidv7 } from 'uuid';
import { takeRange } from '../../db/search/batch-ranges.ts';
import { createBatch } from '../../db/search/create-batches.ts';
import { createLogger } from '../../platform/log.ts';
import { newBatch } from '../../test/support/batches.ts';
import { searchHarness, vendorConfig, type SearchHarness } from '../../test/support/search.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import type { BatchView, RangeOutcome, RowRange } from '../../workflows/search/messages.ts';
import type { SearchServices } from './batch-row-searcher.ts';
import { createBatchSearchActivities } from './batch-search.activities.ts';
import { TenantShares } from './tenant-shares.ts';

const perCall = { perCall: 10_000n, perHit: 0n };
const perHit = { perCall: 10_000n, perHit: 20_000n };

describe('A step of a batch whose worker is lost before it stores what it has paid for', () => {
  let vendor: Vendor;
  let harness: SearchHarness;
  before(async () => {
    vendor = await startVendor(() => ({ status: 404 }));
    harness = await searchHarness([vendor.host]);
  });
  after(async () => {
    await harness?.close();
    await vendor?.close();
  });

  interface BatchIds {
    batchId: string;
    tenantId: string;
  }

  /** A batch of some rows, each of which a vendor is to be asked about. */
  async function batchOf(rows: number, budgetMicros: bigint | null, price = perCall): Promise<BatchIds> {
    const [batchId, tenantId] = [uuidv7(), uuidv7()];
    await harness.withoutDefaults(tenantId);
    await harness.provider(tenantId, { name: 'vendor', price, config: vendorConfig(vendor) });
    await harness.db.database.transaction('search', async (transaction) => {
      await createBatch(transaction, newBatch(tenantId, { id: batchId, budgetMicros }));
      await transaction.sql(
        `insert into search.batch_rows (batch_id, row_no, tenant_id, input, fingerprint)
         select $1, n, $2, json_build_array('+44740012' || (1000 + n)), decode(md5(n::text), 'hex') from generate_series(1, $3::int) as n`,
        [batchId, tenantId, rows],
      );
      await transaction.sql(
        `update search.batches set phase = 'searching', columns = '["phone"]', rows_total = $2, rows_ingested = $2
         where id = $1`,
        [batchId, rows],
      );
    });
    return { batchId, tenantId };
  }

  const activity = (): MockActivityEnvironment =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

  const activities = (engine: SearchServices['engine'] = harness.engine) =>
    createBatchSearchActivities(
      { database: harness.db.database, engine, log: createLogger('test', 'silent') },
      new TenantShares(),
    );

  const search = async (batch: BatchIds, range: RowRange, engine = harness.engine): Promise<RangeOutcome> =>
    await activity().run(() => activities(engine).searchRange({ ...batch, ...range }));

  type SearchMany = SearchServices['engine']['searchMany'];

  /** An engine of another process, of which many searches are done in another way. */
  function engineWith(searchMany: (real: SearchMany) => SearchMany): typeof harness.engine {
    const { engine } = harness.process();
    const changed = searchMany(engine.searchMany.bind(engine));
    return new Proxy(engine, {
      get: (target, property) =>
        property === 'searchMany'
          ? changed
          : (Reflect.get(target, property) as (...given: unknown[]) => unknown).bind(target),
    });
  }

  /** Everything of some step is asked, paid and in the cache, and then there is no worker any more. */
  async function lose(batch: BatchIds, range: RowRange, step = 1): Promise<void> {
    let steps = 0;
    const engine = engineWith((real) => async (...asked) => {
      const answers = await real(...asked);
      steps += 1;
      if (steps === step) throw new Error('the worker is lost');
      return answers;
    });
    await assert.rejects(search(batch, range, engine), /the worker is lost/);
  }

  /** As if the worker had been lost amid its calls. */
  const forgetEnds = async ({ tenantId }: BatchIds): Promise<void> => {
    await harness.rows(
      `update search.charges set state = 'reserved', amount_micros = 0, outcome = null, answer = null
       where tenant_id = $1`,
      [tenantId],
    );
  };

  const pauseProvider = async ({ tenantId }: BatchIds, time: string): Promise<void> => {
    await harness.rows(
      `update search.provider_meters set paused_until = now() + $2::interval
       where provider_id in (select id from search.providers where tenant_id = $1)`,
      [tenantId, time],
    );
  };

  const forgetAnswers = async ({ tenantId }: BatchIds): Promise<void> => {
    await harness.rows('delete from search.cache_entries where tenant_id = $1', [tenantId]);
  };

  const rangesOf = async ({ batchId }: BatchIds): Promise<number> =>
    (await harness.rows('select from search.batch_chunks where batch_id = $1', [batchId])).length;

  const books = async ({ batchId, tenantId }: BatchIds) => {
    const [row] = await harness.rows<{ cost: string; billed: string; rows: string }>(
      `select cost_micros::text as cost,
         (select sum(amount_micros)::text from search.charges where tenant_id = $2) as billed,
         (select sum(cost_micros)::text from search.batch_results where batch_id = $1) as rows
       from search.batches where id = $1`,
      [batchId, tenantId],
    );
    return row;
  };

  const statuses = async ({ batchId }: BatchIds): Promise<string> => {
    const rows = await harness.rows<{ status: string }>(
      'select status from search.batch_results where batch_id = $1 order by row_no',
      [batchId],
    );
    return rows.map(({ status }) => status).join(' ');
  };

  it('costs the batch what it cost, once its rows are searched again', async () => {
    const batch = await batchOf(2, null);
    await lose(batch, { from: 1, to: 2 });
    await search(batch, { from: 1, to: 2 });
    assert.deepEqual(await books(batch), { cost: '20000', billed: '20000', rows: '20000' });
  });

  it('keeps its money until its rows are searched again: no other rows spend it', async () => {
    const batch = await batchOf(4, 30_000n);
    await lose(batch, { from: 1, to: 2 });
    // Another attempt has begun, and not come any further.
    await harness.db.database.read('search', ({ sql }) => takeRange(sql, batch.batchId, 1, 2));
    const others = await search(batch, { from: 3, to: 4 });
    assert.deepEqual([others.waitsForBudget, others.rows], [true, 0]);
    await search(batch, { from: 1, to: 2 });
    await search(batch, { from: 3, to: 4 });
    assert.equal(await statuses(batch), 'not_found not_found not_found skipped');
    assert.deepEqual(await books(batch), { cost: '30000', billed: '30000', rows: '30000' });
  });

  it('is searched again whole, also by a worker whose steps are smaller', async () => {
    const batch = await batchOf(260, 2_600_000n);
    // The first step has 100 rows, and the next one more: it went fast.
    await lose(batch, { from: 1, to: 260 }, 2);
    const [lost] = await harness.rows<{ rows: number }>(
      `select count(*)::int - 100 as rows from search.charges where tenant_id = $1`,
      [batch.tenantId],
    );
    assert.ok(lost && lost.rows > 100);
    const asked: number[] = [];
    const engine = engineWith((real) => (scope, requests, ...rest) => {
      asked.push(requests.length);
      return real(scope, requests, ...rest);
    });
    await search(batch, { from: 1, to: 260 }, engine);
    assert.equal(asked[0], lost.rows);
    assert.deepEqual(await books(batch), { cost: '2600000', billed: '2600000', rows: '2600000' });
  });

  it('keeps its money on the bill when the rows are planned anew, also for calls whose end is unknown', async () => {
    const batch = await batchOf(4, 30_000n);
    await lose(batch, { from: 1, to: 2 });
    await forgetEnds(batch);
    const ranges = await activity().run(() => activities().planSearch(batch));
    assert.deepEqual(ranges, [{ from: 1, to: 4 }]);
    await search(batch, { from: 3, to: 4 });
    await search(batch, { from: 1, to: 2 });
    assert.equal(await statuses(batch), 'not_found not_found not_found skipped');
    assert.deepEqual(await books(batch), { cost: '30000', billed: '30000', rows: '30000' });
  });

  it('is billed by the end of its calls when they are made again, and by the most they may have cost until then', async () => {
    const batch = await batchOf(3, 70_000n, perHit);
    await lose(batch, { from: 1, to: 2 });
    await forgetEnds(batch);
    await forgetAnswers(batch);
    await activity().run(() => activities().planSearch(batch));
    assert.equal((await books(batch))?.cost, '60000');
    // Without the two the third has no money; with what they give back it has.
    await search(batch, { from: 1, to: 3 });
    assert.equal(await statuses(batch), 'not_found not_found not_found');
    assert.deepEqual(await books(batch), { cost: '30000', billed: '30000', rows: '30000' });
  });

  it('waits with its calls open, and is billed by their end, whether it is asked again or cancelled', async () => {
    for (const isCancelled of [false, true]) {
      const batch = await batchOf(1, null, perHit);
      await lose(batch, { from: 1, to: 1 });
      await forgetEnds(batch);
      await forgetAnswers(batch);
      await pauseProvider(batch, '1 hour');
      const { waiting } = await search(batch, { from: 1, to: 1 });
      assert.deepEqual(waiting, { from: 1, to: 1 });
      assert.deepEqual(await books(batch), { cost: '30000', billed: '0', rows: null });
      if (isCancelled) {
        await harness.rows(`update search.batches set hold = 'cancel' where id = $1`, [batch.batchId]);
        await activity().run(() => activities().skipRest(batch));
      } else {
        await pauseProvider(batch, '0 hours');
        await search(batch, { from: 1, to: 1 });
      }
      const end = isCancelled ? '30000' : '10000';
      assert.deepEqual(await books(batch), { cost: end, billed: end, rows: end });
    }
  });

  it('asks and pays nobody after another attempt has taken its rows over', async () => {
    const batch = await batchOf(2, null);
    const engine = engineWith((real) => async (...asked) => {
      await harness.db.database.read('search', ({ sql }) => takeRange(sql, batch.batchId, 1, 2));
      return await real(...asked);
    });
    await assert.rejects(search(batch, { from: 1, to: 2 }, engine), /taken these rows over/);
    assert.equal((await books(batch))?.billed, null);
  });

  it('does not take ranges back that others have taken meanwhile', async () => {
    const batch = await batchOf(2, 20_000n);
    await lose(batch, { from: 1, to: 2 });
    const { engine } = harness.process();
    const paid = engine.paid.bind(engine);
    engine.paid = async (...given) => {
      await harness.db.database.read('search', ({ sql }) => takeRange(sql, batch.batchId, 1, 2));
      return await paid(...given);
    };
    await activity().run(() => activities(engine).planSearch(batch));
    assert.equal(await rangesOf(batch), 1);
  });

  it('holds no money when it was paused before it began', async () => {
    const batch = await batchOf(2, 20_000n);
    const { engine } = harness.process();
    const price = engine.price.bind(engine);
    engine.price = async (...given) => {
      await harness.rows(`update search.batches set hold = 'pause' where id = $1`, [batch.batchId]);
      return await price(...given);
    };
    const outcome = await search(batch, { from: 1, to: 2 }, engine);
    assert.deepEqual(outcome.left, { from: 1, to: 2 });
    assert.equal(await rangesOf(batch), 0);
  });

  it('keeps what it had reserved when the provider costs less by now', async () => {
    const batch = await batchOf(6, 30_000n);
    await lose(batch, { from: 1, to: 2 });
    await harness.rows(
      'update search.providers set cost_per_call_micros = 5000, version = version + 1 where tenant_id = $1',
      [batch.tenantId],
    );
    const { engine } = harness.process();
    const slow = engineWith((real) => async (...asked) => {
      const others = await search(batch, { from: 3, to: 6 }, engine);
      assert.equal(others.waitsForBudget, true);
      return await real(...asked);
    });
    await search(batch, { from: 1, to: 2 }, slow);
    await search(batch, { from: 3, to: 6 });
    assert.deepEqual(await books(batch), { cost: '30000', billed: '30000', rows: '30000' });
  });

  it('is on the bill also when the batch is cancelled before its rows are searched again', async () => {
    for (const amidCall of [false, true]) {
      const batch = await batchOf(3, null);
      await lose(batch, { from: 1, to: 2 });
      if (amidCall) {
        await forgetEnds(batch);
      }
      await harness.rows(`update search.batches set hold = 'cancel' where id = $1`, [batch.batchId]);
      const view: BatchView = await activity().run(() => activities().skipRest(batch));
      assert.equal(view.phase, 'aggregating');
      assert.equal(await statuses(batch), 'skipped skipped skipped');
      assert.deepEqual(await books(batch), { cost: '20000', billed: '20000', rows: '20000' });
    }
  });
});
