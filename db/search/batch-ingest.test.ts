import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { newBatch } from '../../test/support/batches.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import type { Database } from '../database.ts';
import type { Batch } from './batch.ts';
import { linkRows } from './batch-ingest.ts';
import { BatchRepository } from './batch.repository.ts';
import { createBatch } from './create-batches.ts';

describe('the rows of a batch', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
  });
  after(() => test.close());

  it('are linked in time also while PostgreSQL believes that the batch has hardly any', async () => {
    const rows = 40_000;
    // The statistics are from a time when only another batch was there, as they are for a minute after every upload.
    await batchOf(test.database, 500);
    await test.database.read('search', ({ sql }) => sql('analyze search.batch_rows'));
    const batch = await batchOf(test.database, rows);
    await test.database.transaction('search', async (transaction) => {
      await transaction.sql(`set local statement_timeout = '8s'`);
      await linkRows(transaction, batch);
    });
    const linked = await test.database.read('search', ({ sql }) =>
      new BatchRepository(sql).get(batch.tenantId, batch.id),
    );
    assert.equal(linked.rowsDuplicate, rows / 2);
  });
});

/** A batch in which every second row asks the same as the one before. */
async function batchOf(database: Database, rows: number): Promise<Batch> {
  const tenantId = uuidv7();
  return await database.transaction('search', async (transaction) => {
    const batch = await createBatch(transaction, newBatch(tenantId));
    await transaction.sql(
      `insert into search.batch_rows (batch_id, row_no, tenant_id, input, fingerprint)
       select $1, n, $2, '["x"]', decode(md5((n / 2)::text), 'hex') from generate_series(2, $3::int + 1) as n`,
      [batch.id, tenantId, rows],
    );
    return { ...batch, rowsIngested: rows };
  });
}
