import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '../platform/local/postgres.ts';
import { isBusy, isOutage } from '../platform/outage.ts';
import { postgres } from '../test/support/database.ts';
import { runFolder } from '../test/support/run.ts';
import { until } from '../test/support/until.ts';
import { Database } from './database.ts';
import { hearNotices } from './hear-notices.ts';
import { sqlOf } from './sql.ts';

describe('the database', () => {
  const open = (url: string, statementSeconds = 600) =>
    new Database({ url, domainUrls: {}, poolSize: 3, applicationName: 'test', statementSeconds });

  it('outlives a server that is killed under its transactions, and lends no connection for good', async () => {
    const dataDir = join(await mkdtemp(join(await runFolder(), 'restart-')), 'postgres');
    let server = await startPostgres({ dataDir, durable: false });
    const database = open(server.url);
    try {
      const { promise: died, resolve: tell } = Promise.withResolvers<undefined>();
      let inTransaction = 0;
      const work = [
        database.read('search', ({ sql }) => sql('select pg_sleep(60)')),
        ...Array.from({ length: 4 }, () =>
          database.transaction('search', async ({ sql }) => {
            await sql('select 1');
            inTransaction += 1;
            await died;
            await sql('select 1');
          }),
        ),
      ];
      const outcomes = Promise.allSettled(work);
      await until(() => inTransaction === 2);
      server.kill();
      await server.exited;
      tell(undefined);
      for (const outcome of await outcomes) {
        assert.equal(outcome.status, 'rejected');
        assert.ok(isOutage(outcome.reason), String(outcome.reason));
      }
      await server.stop();
      server = await startPostgres({ dataDir, port: server.port, durable: false });
      await until(() => database.ping('search').then(() => true));
      await Promise.all(
        Array.from({ length: 9 }, () =>
          database.transaction('search', ({ sql }) => sql('select pg_sleep(0.01)')),
        ),
      );
    } finally {
      await database.close();
      await server.stop();
    }
  });

  it('refuses what comes after the end of a transaction, also through its entity manager', async () => {
    const database = open((await postgres()).url);
    try {
      const unit = await database.transaction('search', async (given) => {
        await sqlOf(given.em)('select 1');
        return given;
      });
      await assert.rejects(unit.sql('select 1'), /after the end of its transaction/);
      await assert.rejects(sqlOf(unit.em)('select 1'), /after the end of its transaction/);
      const untouched = await database.transaction('search', (given) => Promise.resolve(given));
      await assert.rejects(sqlOf(untouched.em)('select 1'), /after the end of its transaction/);
    } finally {
      await database.close();
    }
  });

  it('gives back a connection on which nothing is left, when a branch of the work fails before the others', async () => {
    const database = new Database({
      url: (await postgres()).url,
      domainUrls: {},
      poolSize: 1,
      applicationName: 'test',
    });
    try {
      const failing = database.transaction('search', ({ sql }) =>
        Promise.all([sql('select 1 / 0'), sql('create temporary table left_behind (n int)')]),
      );
      await assert.rejects(failing, /division by zero/);
      // A branch that is still to come when the work is done is part of it, too; and never do two speak at once.
      const warnings: Error[] = [];
      const hear = (warning: Error): void => void warnings.push(warning);
      process.on('warning', hear);
      let late: Promise<unknown> = Promise.resolve();
      await database.transaction('search', async ({ sql }) => {
        late = Promise.all([sql('select pg_sleep(0.01)'), sql('select 2')]);
        await sql('select 3');
      });
      await late;
      process.off('warning', hear);
      assert.deepEqual(warnings, []);
      const swallowed = database.transaction('search', async ({ sql }) => {
        await sql('select 1 / 0').catch(() => undefined);
      });
      await assert.rejects(swallowed, /was not committed/);
      const [state] = await database.read('search', ({ sql }) =>
        sql(`select to_regclass('left_behind') as left, pg_current_xact_id_if_assigned() as transaction`),
      );
      assert.deepEqual(state, { left: null, transaction: null });
    } finally {
      await database.close();
    }
  });

  it('gives up a statement that takes too long, and says that the same again may succeed', async () => {
    const database = open((await postgres()).url, 1);
    try {
      const slow = database.read('search', ({ sql }) => sql('select pg_sleep(60)'));
      await assert.rejects(slow, (error) => isBusy(error));
    } finally {
      await database.close();
    }
  });

  it('does not wait for the disk with a notice, nor where its settings say so, and else it does', async () => {
    const { url } = await postgres();
    const syncs = async (database: Database): Promise<string | undefined> => {
      const [row] = await database.read('search', ({ sql }) =>
        sql<{ value: string }>(`select current_setting('synchronous_commit') as value`),
      );
      return row?.value;
    };
    const settings = { synchronous_commit: 'off', enable_seqscan: 'off' };
    const relays = new Database({ url, domainUrls: {}, poolSize: 1, applicationName: 'test', settings });
    const usual = new Database({ url, domainUrls: {}, poolSize: 1, applicationName: 'test' });
    const heard: string[] = [];
    const stop = new AbortController();
    const { promise: listening, resolve: listen } = Promise.withResolvers<void>();
    const hearing = hearNotices({
      url,
      channel: 'perdure_test',
      applicationName: 'test',
      stop: stop.signal,
      onListening: () => listen(),
      onNotice: (payload) => heard.push(payload),
      onProblem: (error) => assert.fail(String(error)),
    });
    try {
      await listening;
      assert.equal(await syncs(relays), 'off');
      await usual.transaction('search', ({ wake }) => {
        wake('perdure_test', 'something');
        return Promise.resolve();
      });
      await until(() => heard.includes('search something'));
      assert.equal(await syncs(usual), 'on');
    } finally {
      stop.abort();
      await Promise.all([hearing, relays.close(), usual.close()]);
    }
  });

  it('lets no transaction hold its locks for ever', async () => {
    const database = open((await postgres()).url);
    try {
      const [limits] = await database.read('search', ({ sql }) =>
        sql(`select current_setting('lock_timeout') as lock,
                    current_setting('idle_in_transaction_session_timeout') as idle`),
      );
      assert.deepEqual(limits, { lock: '15s', idle: '1min' });
    } finally {
      await database.close();
    }
  });
});
