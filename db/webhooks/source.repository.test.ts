import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { newSource } from '../../test/support/stored-inbound.ts';
import { candidatesOf } from './source-candidates.ts';
import { mostCandidates, mostSources, SourceRepository, type OwnedSource } from './source.repository.ts';

describe('The sources of webhooks', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  const add = (tenantId: string, meanwhile?: () => Promise<void>): Promise<OwnedSource> =>
    db.database.transaction('webhooks', async ({ sql }) => {
      const source = await new SourceRepository(sql, tenantId).add(newSource('stripe'));
      await meanwhile?.();
      return source;
    });

  it('are told no shared address at which they would not be found, and it when there is room again', async () => {
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

  it('are so many at most, also when two are added at the same time', async () => {
    const tenantId = uuidv7();
    for (let place = 1; place < mostSources; place += 1) await add(tenantId);
    let other: Promise<OwnedSource> | undefined;
    await add(tenantId, async () => {
      other = add(tenantId);
      await untilWaiting(db.database, 'webhooks', 1);
    });
    await assert.rejects(other ?? Promise.resolve(), { code: 'webhooks.too_many_sources' });
  });
});
