import assert from 'node:assert/strict';
import { domains } from '../domain/domains.ts';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';

describe('Foreign keys', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db?.close());

  for (const domain of domains)
    it(`of ${domain} that change with what they name are found by an index, not by reading the whole table`, async () => {
      const unindexed = await db.database.read(domain, ({ sql }) =>
        sql<{ found: string }>(
          `select c.conrelid::regclass || ': ' || pg_get_constraintdef(c.oid) as found from pg_constraint c
           where c.contype = 'f' and c.connamespace = $1::regnamespace and c.confdeltype in ('c', 'n')
             -- Its key begins with the consumer: PostgreSQL skips over those few.
             and c.conrelid::regclass::text <> $1 || '.outbox_deliveries'
             and not exists (
               select 1 from pg_index i
               where i.indrelid = c.conrelid and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) like '(% IS NOT NULL)')
                 and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
           order by 1`,
          [domain],
        ),
      );
      assert.deepEqual(
        unindexed.map(({ found }) => found),
        [],
      );
    });
});
