import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { v7 as uuidv7 } from 'uuid';
import { allResults, phonesCsv, submitBatch, untilState } from '../../test/support/batches.ts';
import { startSearchWorkers, type SearchWorkers } from '../../test/support/search-workers.ts';

describe('A batch', () => {
  let system: SearchWorkers;
  before(async () => {
    system = await startSearchWorkers();
  });
  after(() => system.close());

  it('goes from the file to the result files', async () => {
    const tenantId = uuidv7();
    const csv = `${phonesCsv(300)}bad,not a phone\nsame,+14155550000\n`;
    const submitted = await submitBatch(system, tenantId, csv);
    const batch = await untilState(system, submitted, 'completed');
    assert.equal(batch.rowsTotal, 302);
    assert.equal(batch.rowsDuplicate, 1);
    const results = await allResults(system, batch);
    assert.equal(results.length, 302);
    assert.deepEqual(
      results.map(({ rowNo }) => rowNo),
      results.map((_, index) => index + 1),
    );
    assert.equal(results[300]?.status, 'failed');
    assert.equal(results[300]?.code, 'search.phone_invalid');
    assert.equal(results[301]?.sameAsRow, 1);
    assert.equal(results[301]?.status, results[0]?.status);
    assert.ok(batch.resultFiles);
    const file = await text(await system.storage.get(batch.resultFiles.csv.key));
    assert.equal(file.trim().split('\r\n').length, 303);
  });
});
