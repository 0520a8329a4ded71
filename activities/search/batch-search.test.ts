import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createBatch } from '../../db/search/create-batches.ts';
import { createLogger } from '../../platform/log.ts';
import { newBatch } from '../../test/support/batches.ts';
import { searchHarness, vendorConfig, type SearchHarness } from '../../test/support/search.ts';
import { shiftClock } from '../../test/support/shifted-clock.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import { createBatchSearchActivities } from './batch-search.activities.ts';
import { TenantShares } from './tenant-shares.ts';

describe('Rows that wait for a provider', () => {
  let vendor: Vendor;
  let harness: SearchHarness;
  before(async () => {
    vendor = await startVendor(() => ({ status: 429, headers: { 'retry-after': '60' } }));
    harness = await searchHarness([vendor.host]);
  });
  after(async () => {
    await harness?.close();
    await vendor?.close();
  });

  /** A batch of one row, of which nobody has been answered for some minutes, by the database's clock. */
  async function waitingFor(minutes: number): Promise<{ batchId: string; tenantId: string }> {
    const [batchId, tenantId] = [uuidv7(), uuidv7()];
    await harness.withoutDefaults(tenantId);
    await harness.provider(tenantId, { name: 'vendor', config: vendorConfig(vendor) });
    await harness.db.database.transaction('search', async (transaction) => {
      await createBatch(transaction, newBatch(tenantId, { id: batchId }));
      await transaction.sql(
        `insert into search.batch_rows (batch_id, row_no, tenant_id, input, fingerprint)
         values ($1, 1, $2, '["+447400123456"]', decode(md5('one'), 'hex'))`,
        [batchId, tenantId],
      );
      await transaction.sql(
        `update search.batches set phase = 'searching', columns = '["phone"]', rows_total = 1, rows_ingested = 1,
           waiting = jsonb_build_object('reason', 'a test',
             'since', to_char((now() - make_interval(mins => $2)) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
             'until', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
         where id = $1`,
        [batchId, minutes],
      );
    });
    return { batchId, tenantId };
  }

  /** What has become of the row, after a step by a worker whose clock is off. */
  async function searched(minutes: number, clockOffSeconds: number): Promise<string> {
    const batch = await waitingFor(minutes);
    const services = {
      database: harness.db.database,
      engine: harness.engine,
      log: createLogger('test', 'silent'),
    };
    const { searchRange } = createBatchSearchActivities(services, new TenantShares());
    const setRight = shiftClock(clockOffSeconds);
    try {
      await new MockActivityEnvironment().run(() => searchRange({ ...batch, from: 1, to: 1 }));
    } finally {
      setRight();
    }
    const [row] = await harness.rows<{ code: string | null }>(
      `select code from search.batch_results where batch_id = $1`,
      [batch.batchId],
    );
    return row ? (row.code ?? 'answered') : 'waits';
  }

  it('have patience by the database’s clock, whatever a worker takes the time for', async () => {
    assert.equal(await searched(1, 3_600), 'waits');
    assert.equal(await searched(20, -3_600), 'search.providers_unavailable');
    // With the clock right, to show that it is the time that tells.
    assert.equal(await searched(1, 0), 'waits');
    assert.equal(await searched(20, 0), 'search.providers_unavailable');
  });
});
