import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { askedLimits, mostBytesOf, usualSizes } from '../../domain/designs/preview.ts';
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
  const request = (transaction: Transaction, sizes: readonly number[] = [256], content = 'a') =>
    requestPreview(transaction, {
      tenantId,
      designId,
      version: 1,
      contentHash: content.repeat(64),
      sizes,
      userId: null,
      traceId: null,
    });
  const ask = (sizes?: readonly number[], content?: string) =>
    db.database.transaction('designs', (transaction) => request(transaction, sizes, content));
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

  it('are asked for in so many choices of sizes of one content, beside the usual one, which is always there', async () => {
    const { ofContent } = askedLimits;
    for (let size = 1; size <= ofContent; size += 1) await ask([size + 15]);
    await assert.rejects(ask([1_000]), { code: 'designs.too_many_previews', kind: 'conflict' });
    assert.equal((await ask([16])).state, 'requested');
    assert.equal((await ask(usualSizes)).state, 'requested');
    assert.equal((await ask([1_000], 'b')).state, 'requested');
  });

  it('take no more room than an organisation has in thirty days, however many ask at the same moment', async () => {
    const { bytes } = askedLimits;
    const count = Math.floor(bytes / mostBytesOf([4_096]));
    const ids: string[] = [];
    for (let n = 0; n < count - 1; n += 1)
      ids.push((await ask([4_096], String.fromCodePoint(0x4e_00 + n))).id);
    const last = await Promise.allSettled([ask([4_096], 'y'), ask([4_096], 'z')]);
    assert.deepEqual(last.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    await assert.rejects(ask([4_096], 'b'), { code: 'designs.previews_full', kind: 'conflict' });
    assert.equal((await ask(usualSizes, 'b')).state, 'requested');
    // What weighs less than it might, has failed, or is long ago makes room.
    const [first = '', second = '', third = ''] = ids;
    const file = { width: 1, height: 1, format: 'png', bytes: 1_000, key: 'k' } as const;
    await db.database.transaction('designs', (transaction) =>
      completePreview(transaction, { id: first, tenantId }, [file]),
    );
    assert.equal((await ask([4_095], 'b')).state, 'requested');
    await fail(second, 0);
    assert.equal((await ask([4_095], 'c')).state, 'requested');
    // And takes it again, when it is tried anew.
    await assert.rejects(ask([4_096], String.fromCodePoint(0x4e_01)), { code: 'designs.previews_full' });
    await db.database.transaction('designs', (transaction) =>
      completePreview(transaction, { id: third, tenantId }, [{ ...file, bytes: mostBytesOf([4_096]) }]),
    );
    await assert.rejects(ask([4_095], 'd'), { code: 'designs.previews_full' });
    await db.database.read('designs', ({ sql }) =>
      sql(`update designs.previews set finished_at = now() - interval '31 days' where id = $1`, [third]),
    );
    assert.equal((await ask([4_095], 'd')).state, 'requested');
  });
});
