import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { ErasureRepository } from './erasure.repository.ts';
import { forgetInSearchLog, processesToErase, type LogPlace } from './person-erasure.ts';

describe('What an erasure looks through', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
  });
  after(() => db?.close());

  it('is listed page by page, and what is under way is waited for also when it was looked through before', async () => {
    const { database } = db;
    const tenantId = uuidv7();
    const erasureId = uuidv7();
    const [first, second, third, running, later] = [uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7()];
    const moment = new Date();
    await database.transaction('search', async ({ sql }) => {
      await sql(
        `insert into search.erasures (id, tenant_id, subject, report, created_by) values ($1, $2, '', '{}', $2)`,
        [erasureId, tenantId],
      );
      const add = (id: string, phase: string, minutes: number) =>
        sql(
          `insert into search.batches (id, tenant_id, name, kind, file, mapping, options, priority, concurrency, currency,
             created_by, phase, finished_at, created_at)
           values ($1, $2, 'a', 'phone', '{}', '{}', '{}', 3, 4, 'USD', $2, $3,
             case when $3 = 'completed' then now() end, $4::timestamptz + make_interval(mins => $5))`,
          [id, tenantId, phase, moment, minutes],
        );
      for (const id of [first, second, third]) await add(id, 'completed', -3);
      await add(running, 'searching', -2);
      await add(later, 'completed', 1);
    });
    const list = () =>
      database.read('search', ({ sql }) => processesToErase(sql, tenantId, erasureId, moment, 2));
    const look = (...ids: string[]) =>
      database.read('search', ({ sql }) =>
        new ErasureRepository(sql, tenantId).mark(erasureId, 'looked', ids),
      );
    assert.deepEqual(await list(), { batches: [first, second], imports: [], left: 2 });
    await look(first, second);
    assert.deepEqual(await list(), { batches: [third], imports: [], left: 1 });
    await look(third, running);
    assert.deepEqual(await list(), { batches: [], imports: [], left: 1 });
    await database.read('search', ({ sql }) =>
      sql(`update search.batches set phase = 'completed', finished_at = now() where id = $1`, [running]),
    );
    assert.deepEqual(await list(), { batches: [], imports: [], left: 0 });
  });

  it('in the log is looked at page by page, and nothing of it twice', async () => {
    const { database } = db;
    const [tenantId, personId, other] = [uuidv7(), uuidv7(), uuidv7()];
    const asked = Buffer.alloc(32, 7);
    await database.transaction('search', async ({ sql }) => {
      // Two of them at the same moment: one page ends between them.
      for (const [minute, found, hash] of [
        [1, personId, null],
        [2, other, asked],
        [2, other, null],
        [3, personId, asked],
      ] as const)
        await sql(
          `insert into search.searches (id, tenant_id, source, kind, status, cached, cost_micros, currency, milliseconds,
             query_hash, people, trace, performed_at)
           values ($1, $2, 'api', 'phone', 'found', false, 0, 'USD', 1, $3, $4, '[]', $5)`,
          [
            uuidv7(),
            tenantId,
            hash,
            JSON.stringify([{ person_id: found, score: 1 }]),
            new Date(Date.UTC(2026, 0, 1, 0, minute)),
          ],
        );
    });
    const forget = async (): Promise<number[]> => {
      const pages: number[] = [];
      for (let place: LogPlace | null = null; ;) {
        const page = await database.read('search', ({ sql }) =>
          forgetInSearchLog(sql, tenantId, [personId], [asked.toString('hex')], place, 2),
        );
        if (page.reached === null) return pages;
        pages.push(page.changed);
        place = page.reached;
      }
    };
    assert.deepEqual(await forget(), [2, 1]);
    assert.deepEqual(await forget(), [0, 0]);
    const left = await database.read('search', ({ sql }) =>
      sql<{ text: string }>(
        `select people::text || coalesce(encode(query_hash, 'hex'), '') as text from search.searches where tenant_id = $1`,
        [tenantId],
      ),
    );
    assert.equal(left.length, 4);
    for (const { text } of left)
      assert.ok(!text.includes(personId) && !text.includes(asked.toString('hex')), text);
  });
});
