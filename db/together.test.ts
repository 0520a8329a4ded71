import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { sqlOf } from './sql.ts';
import { together, type Joinable } from './together.ts';

describe('transactions that are made one', () => {
  let db: TestDatabase;
  let tenantId: string;
  before(async () => {
    db = await testDatabase({ of: ['search', 'audit'] });
  });
  after(() => db.close());
  beforeEach(() => {
    tenantId = uuidv7();
  });

  const addSet = (on: Joinable, name: string): Promise<unknown> =>
    on.transaction('search', async ({ sql, publish }) => {
      await sql('insert into search.record_sets (id, tenant_id, name) values ($1, $2, $3)', [
        uuidv7(),
        tenantId,
        name,
      ]);
      await publish({ type: 'search.performed', tenantId, subject: `set:${name}`, data: {} });
    });

  const sets = (on: Joinable): Promise<string[]> =>
    on.read('search', async ({ sql }) => {
      const rows = await sql<{ name: string }>(
        'select name from search.record_sets where tenant_id = $1 order by name',
        [tenantId],
      );
      return rows.map(({ name }) => name);
    });

  const told = async (): Promise<string[]> => {
    const rows = await db.database.read('search', ({ sql }) =>
      sql<{ subject: string }>('select subject from search.outbox where tenant_id = $1 order by position', [
        tenantId,
      ]),
    );
    return rows.map(({ subject }) => subject);
  };

  it('see what came before them, and are seen by nobody else before all are done', async () => {
    const seen = await together(db.database, 'search', async (joined) => {
      await addSet(joined, 'one');
      const { em } = await joined.read('search', (unit) => Promise.resolve(unit));
      assert.equal(
        (await sqlOf(em)('select 1 from search.record_sets where tenant_id = $1', [tenantId])).length,
        1,
      );
      await addSet(joined, 'two');
      assert.deepEqual(await sets(db.database), []);
      return await sets(joined);
    });
    assert.deepEqual(seen, ['one', 'two']);
    assert.deepEqual(await sets(db.database), ['one', 'two']);
    assert.deepEqual(await told(), ['set:one', 'set:two']);
  });

  it('leave nothing when a later one fails', async () => {
    await assert.rejects(
      together(db.database, 'search', async (joined) => {
        await addSet(joined, 'one');
        await joined.transaction('search', ({ sql }) => sql('select 1 / 0'));
      }),
      /division by zero/,
    );
    // Nor when one that has failed is passed over: PostgreSQL would take the commit for a rollback, and say nothing.
    await assert.rejects(
      together(db.database, 'search', async (joined) => {
        await addSet(joined, 'one');
        await joined.transaction('search', ({ sql }) => sql('select 1 / 0')).catch(() => undefined);
      }),
    );
    assert.deepEqual([await sets(db.database), await told()], [[], []]);
  });

  it('are of their own domain alone', async () => {
    await assert.rejects(
      together(db.database, 'search', async (joined) => {
        await joined.transaction('audit', ({ sql }) =>
          sql(
            `insert into audit.audit_log (event_id, domain, type, version, tenant_id, subject, occurred_at, data)
             values ($1, 'search', 'a.test', 1, $2, 's', now(), '{}')`,
            [uuidv7(), tenantId],
          ),
        );
        throw new Error('the rest fails');
      }),
      /the rest fails/,
    );
    const rows = await db.database.read('audit', ({ sql }) =>
      sql('select 1 from audit.audit_log where tenant_id = $1', [tenantId]),
    );
    assert.equal(rows.length, 1);
  });
});
