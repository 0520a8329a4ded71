import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { pruneCommands, runCommand, runLeasedCommand, type CommandKey } from './command.ts';

describe('a command with a key', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
    await db.database.transaction('search', ({ sql }) => sql('create table search.effects (name text)'));
  });
  after(() => db.close());

  const command = (fingerprint = 'the body'): CommandKey => ({
    scope: 'tenant:user',
    key: uuidv7(),
    fingerprint,
  });
  const effects = async (name: string) =>
    (
      await db.database.read('search', ({ sql }) =>
        sql('select 1 from search.effects where name = $1', [name]),
      )
    ).length;
  const run = (key: CommandKey, name: string) =>
    runCommand(db.database, 'search', key, async ({ sql }) => {
      await sql('insert into search.effects values ($1)', [name]);
      return { status: 202, headers: { Location: `/v1/things/${name}` }, body: { z: 1, name, a: [1, 2] } };
    });

  it('takes effect once, and gives every equal request of a storm the same answer', async () => {
    const key = command();
    const answers = await Promise.all(Array.from({ length: 50 }, () => run(key, 'storm')));
    assert.equal(await effects('storm'), 1);
    assert.equal(answers.filter((answer) => !answer.replayed).length, 1);
    assert.equal(new Set(answers.map((answer) => JSON.stringify(answer.answer))).size, 1);
  });

  it('refuses the same key with another body', async () => {
    const key = command();
    await run(key, 'first');
    await assert.rejects(run({ ...key, fingerprint: 'another body' }, 'second'), {
      code: 'idempotency.key_reused',
    });
    assert.equal(await effects('second'), 0);
  });

  it('leaves nothing when it fails, so that it may be tried again', async () => {
    const key = command();
    const failing = runCommand(db.database, 'search', key, async ({ sql }) => {
      await sql(`insert into search.effects values ('failed')`);
      throw new Error('no');
    });
    await assert.rejects(failing, /no/);
    assert.equal(await effects('failed'), 0);
    assert.equal((await run(key, 'again')).replayed, false);
  });

  it('keeps callers apart', async () => {
    const key = command();
    await run(key, 'mine');
    assert.equal((await run({ ...key, scope: 'other:user' }, 'theirs')).replayed, false);
  });

  it('tells an equal request to come back while leased work goes on, and answers it afterwards', async () => {
    const key = command();
    const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
    const { promise: started, resolve: begin } = Promise.withResolvers<undefined>();
    const lease = () =>
      runLeasedCommand(db.database, 'search', key, 60, async () => {
        begin(undefined);
        await done;
        return { status: 200, body: { found: true } };
      });
    const first = lease();
    await started;
    await assert.rejects(lease(), { code: 'idempotency.in_progress' });
    finish(undefined);
    assert.deepEqual((await first).answer.body, { found: true });
    assert.deepEqual(await lease(), {
      answer: { status: 200, headers: {}, body: { found: true } },
      replayed: true,
    });
  });

  it('takes over leased work whose process has died', async () => {
    const key = command();
    await db.database.read('search', ({ sql }) =>
      sql(
        `insert into search.commands (scope, key, fingerprint, lease_until) values ($1, $2, $3, now() - interval '1 second')`,
        [key.scope, key.key, key.fingerprint],
      ),
    );
    const answer = await runLeasedCommand(db.database, 'search', key, 60, async () => ({
      status: 200,
      body: 1,
    }));
    assert.deepEqual(answer, { answer: { status: 200, body: 1 }, replayed: false });
  });

  it('keeps the key while leased work goes on, however long', async () => {
    const key = command();
    const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
    const leaseOf = async () => {
      const [row] = await db.database.read('search', ({ sql }) =>
        sql<{ lease: string }>('select lease_until::text as lease from search.commands where key = $1', [
          key.key,
        ]),
      );
      return row;
    };
    const work = runLeasedCommand(db.database, 'search', key, 4, async () => {
      await done;
      return { status: 200, body: 'done' };
    });
    const first = await until(leaseOf);
    await until(async () => (await leaseOf())?.lease !== first.lease);
    await assert.rejects(
      runLeasedCommand(db.database, 'search', key, 4, async () => ({ status: 200, body: 'twice' })),
      { code: 'idempotency.in_progress' },
    );
    finish(undefined);
    assert.equal((await work).answer.body, 'done');
    const again = await runLeasedCommand(db.database, 'search', key, 4, async () => ({ status: 200 }));
    assert.deepEqual([again.replayed, again.answer.body], [true, 'done']);
  });

  it('keeps the key with the process that took it over, whatever the frozen one before it does', async () => {
    for (const frozenFails of [true, false]) {
      const key = command();
      const { promise: thawed, resolve: thaw } = Promise.withResolvers<undefined>();
      const { promise: started, resolve: begin } = Promise.withResolvers<undefined>();
      const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
      const frozen = runLeasedCommand(db.database, 'search', key, 0, async () => {
        begin(undefined);
        await thawed;
        if (frozenFails) throw new Error('too late');
        return { status: 200, body: 'the frozen one' };
      });
      await started;
      const { promise: tookOver, resolve: tell } = Promise.withResolvers<undefined>();
      const second = runLeasedCommand(db.database, 'search', key, 60, async () => {
        tell(undefined);
        await done;
        return { status: 200, body: 'the second' };
      });
      await tookOver;
      thaw(undefined);
      await frozen.catch(() => undefined);
      const third = runLeasedCommand(db.database, 'search', key, 60, async () => ({ status: 200, body: 3 }));
      await assert.rejects(third, { code: 'idempotency.in_progress' });
      finish(undefined);
      await second;
      const later = await runLeasedCommand(db.database, 'search', key, 60, async () => ({ status: 200 }));
      assert.equal(later.answer.body, 'the second');
    }
  });

  it('is forgotten after its retention', async () => {
    await db.database.transaction('search', ({ sql }) =>
      sql(`update search.commands set created_at = now() - interval '25 hours'`),
    );
    const prune = (limit: number) =>
      db.database.transaction('search', ({ sql }) => pruneCommands(sql, 'search', 24, limit));
    assert.equal(await prune(1), 1);
    assert.ok((await prune(1_000)) > 1);
    assert.equal(await prune(1_000), 0);
  });
});
