import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { candidatesOf } from './source-candidates.ts';
import { mostCandidates, SourceRepository, type OwnedSource } from './source.repository.ts';

describe('The sources of webhooks', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  it('are told no shared address at which they would not be found, and it when there is room again', async () => {
    const add = (tenantId: string): Promise<OwnedSource> =>
      db.database.transaction('webhooks', ({ sql }) =>
        new SourceRepository(sql, tenantId).add({
          id: uuidv7(),
          kind: 'stripe',
          name: 'a test',
          account: null,
          verifier: null,
          reading: {},
          holdUnknown: false,
          secrets: 'sealed',
          secretFingerprints: [],
          credentials: null,
          createdBy: uuidv7(),
        }),
      );
    const tenants = [uuidv7(), uuidv7()] as const;
    const sources: OwnedSource[] = [];
    for (let place = 0; place <= mostCandidates; place += 1)
      sources.push(await add(tenants[place % 2 === 0 ? 0 : 1]));
    const tried = await db.database.read('webhooks', ({ sql }) => candidatesOf(sql, 'stripe', null));
    for (const { id, isAmongShared } of sources)
      assert.equal(
        isAmongShared,
        tried.some((one) => one.id === id),
      );
    const [first] = sources;
    const last = sources.at(-1);
    assert.ok(first && last && first.isAmongShared && !last.isAmongShared);
    const after = await db.database.transaction('webhooks', async ({ sql }) => {
      await new SourceRepository(sql, first.tenantId).delete(first.id);
      return await new SourceRepository(sql, last.tenantId).get(last.id);
    });
    assert.equal(after.isAmongShared, true);
  });
});
