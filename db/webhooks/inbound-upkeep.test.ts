import assert from 'node:assert/strict';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { storeDelivery, storeSource, type StoredSourceIds } from '../../test/support/stored-inbound.ts';
import { forgetDeletedSources, takeDue, takeReleased, type DueEvent } from './inbound-upkeep.ts';
import { InboundRepository } from './inbound.repository.ts';
import { SourceRepository, type SourceChange } from './source.repository.ts';

describe('Webhooks of a source that was paused or deleted', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  async function pausedSource(): Promise<StoredSourceIds> {
    const source = await storeSource(db.database);
    await change(source, { state: 'paused' });
    return source;
  }

  /** One more of its webhooks. Gives the ID of its event. */
  async function take(source: StoredSourceIds): Promise<string> {
    const id = await storeDelivery(db.database, source);
    assert.ok(id);
    return id;
  }

  const change = ({ id, tenantId }: StoredSourceIds, to: SourceChange, meanwhile?: () => Promise<void>) =>
    db.database.transaction('webhooks', async ({ sql }) => {
      const sources = new SourceRepository(sql, tenantId);
      await sources.get(id, true);
      await sources.change(id, to);
      await meanwhile?.();
    });
  const released = (limit: number): Promise<DueEvent[]> =>
    db.database.transaction('webhooks', ({ sql }) => takeReleased(sql, limit));

  it('wait until it goes on, and are taken up then, the oldest first, each once', async () => {
    const source = await pausedSource();
    const events = [await take(source), await take(source), await take(source)];
    assert.deepEqual(await released(10), []);
    await change(source, { state: 'active' });
    const some = await released(2);
    assert.deepEqual(some.map(({ id }) => id).toSorted(), events.slice(0, 2));
    assert.deepEqual(some[0], { ...some[0], tenantId: source.tenantId, run: 1, attempt: 1 });
    assert.deepEqual(
      (await released(10)).map(({ id }) => id),
      events.slice(2),
    );
    assert.deepEqual(await released(10), []);
    // Nor by the other sweep, as their workflows have just been started.
    assert.deepEqual(await db.database.transaction('webhooks', ({ sql }) => takeDue(sql, 10)), []);
  });

  it('are taken up too when they have come just as it was resumed', async () => {
    const source = await pausedSource();
    let coming: Promise<string> | undefined;
    await change(source, { state: 'active' }, async () => {
      // It sees the source as it was, and waits for it.
      coming = take(source);
      await untilWaiting(db.database, 'webhooks', 1);
    });
    const id = await coming;
    assert.deepEqual(
      (await released(10)).map((event) => event.id),
      [id],
    );
  });

  it('are shown no more at once, and are swept in pieces of any size', async () => {
    const [source, other] = [await pausedSource(), await pausedSource()];
    for (let place = 0; place < 3; place += 1) await take(source);
    await take(other);
    const rows = async ({ id }: StoredSourceIds): Promise<number[]> =>
      await db.database.read('webhooks', async ({ sql }) => {
        const [row] = await sql<{ counts: number[] }>(
          `select array[(select count(*) from webhooks.sources where id = $1),
             (select count(*) from webhooks.inbound_deliveries where source_id = $1),
             (select count(*) from webhooks.inbound_events where source_id = $1)]::integer[] as counts`,
          [id],
        );
        return row?.counts ?? [];
      });
    await db.database.transaction('webhooks', ({ sql }) =>
      new SourceRepository(sql, source.tenantId).delete(source.id),
    );
    const shown = await db.database.read('webhooks', ({ sql }) =>
      new InboundRepository(sql, source.tenantId).list({}, 10, null),
    );
    assert.deepEqual(shown, []);
    assert.deepEqual(await rows(source), [1, 3, 3]);
    const sweep = (): Promise<number> =>
      db.database.transaction('webhooks', ({ sql }) => forgetDeletedSources(sql, 1));
    for (let gone = 1; gone > 0;) gone = await sweep();
    assert.deepEqual(await rows(source), [0, 0, 0]);
    assert.deepEqual(await rows(other), [1, 1, 1]);
  });
});
