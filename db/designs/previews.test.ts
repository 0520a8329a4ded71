import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import type { Transaction } from '../database.ts';
import { completePreview, failPreview, requestPreview } from './preview-steps.ts';

describe('Pictures of designs', function () {
  this.timeout(60_000);
  let db: TestDatabase;
  let tenantId: string;
  before(async () => {
    db = await testDatabase({ of: ['designs'] });
  });
  after(() => db?.close());
  beforeEach(() => {
    tenantId = uuidv7();
  });

  const designId = uuidv7();
  const request = (transaction: Transaction) =>
    requestPreview(transaction, {
      tenantId,
      designId,
      version: 1,
      contentHash: 'a'.repeat(64),
      sizes: [256],
      userId: null,
      traceId: null,
    });
  const ask = () => db.database.transaction('designs', request);
  const fail = (id: string, run: number): Promise<void> =>
    db.database.transaction('designs', (transaction) =>
      failPreview(transaction, { id, tenantId, run }, 'images.too_slow'),
    );
  const runsAskedFor = async (id: string): Promise<unknown[]> => {
    const rows = await db.database.read('designs', ({ sql }) =>
      sql<{ run: number }>(
        `select data -> 'run' as run from designs.outbox
         where subject = $1 and type = 'design.preview_requested' order by position`,
        [`preview:${id}`],
      ),
    );
    return rows.map(({ run }) => run);
  };

  it('are asked for once, and again only when they have failed', async () => {
    const { id } = await ask();
    assert.equal((await ask()).id, id);
    await fail(id, 0);
    const again = await ask();
    assert.deepEqual([again.id, again.state, again.run, again.failure], [id, 'requested', 1, null]);
    // The first time is said to have failed once more, as nobody heard that it had been noted.
    await fail(id, 0);
    assert.equal((await ask()).run, 1);
    await db.database.transaction('designs', (transaction) =>
      completePreview(transaction, { id, tenantId }, []),
    );
    assert.equal((await ask()).state, 'ready');
    assert.deepEqual(await runsAskedFor(id), [0, 1]);
  });

  it('that have failed are begun anew once, however many ask at the same moment', async () => {
    const { id } = await ask();
    await fail(id, 0);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const first = db.database.transaction('designs', async (transaction) => {
      await request(transaction);
      hold();
      await released;
    });
    await held;
    const second = ask();
    await untilWaiting(db.database, 'designs', 1);
    release();
    await first;
    assert.equal((await second).run, 1);
    assert.deepEqual(await runsAskedFor(id), [0, 1]);
  });
});
