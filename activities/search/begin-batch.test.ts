import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { v7 as uuidv7 } from 'uuid';
import { commandBatch } from '../../db/search/batch.repository.ts';
import { createBatch, type NewBatch } from '../../db/search/create-batches.ts';
import type { ProviderPrice } from '../../domain/search/provider.ts';
import { inlineFolder } from '../../domain/search/inline-file.ts';
import { loadConfig, type Config } from '../../platform/config.ts';
import { createLogger } from '../../platform/log.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { openFileStorage } from '../../services/storage/open.ts';
import { newBatch, phonesCsv, submitBatch } from '../../test/support/batches.ts';
import { testEncryptionKeys } from '../../test/support/encryption.ts';
import { formOfRun, settingsOf } from '../../test/support/form.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { searchHarness, type EngineProcess, type SearchHarness } from '../../test/support/search.ts';
import { watchedDatabase, type Watch } from '../../test/support/watched-database.ts';
import type { BatchActivities, OfBatch } from '../../workflows/search/messages.ts';
import { createBatchActivities } from './batch.activities.ts';

/** Found, not found, the same as the first, no number. */
const fourPhones = 'id,phone\na,+14155550000\nb,+14155550001\nc,+14155550000\nd,none\n';
const course = ['submitted', 'validating', 'validated', 'ingested', 'searched', 'completed'];

describe('The beginning of a batch', () => {
  let harness: SearchHarness;
  let config: Config;
  let storage: ObjectStorage;
  let tenantId: string;
  before(async () => {
    harness = await searchHarness();
    config = loadConfig({
      ...harness.db.env,
      ...(await settingsOf(formOfRun())),
      SMTP_URL: 'smtp://127.0.0.1:1',
      ENCRYPTION_KEYS: testEncryptionKeys,
    });
    storage = openFileStorage(config, harness.db.database);
  });
  after(() => harness?.close());
  beforeEach(async () => {
    tenantId = uuidv7();
    await harness.recordSet(tenantId, [{ full_name: 'Ada Lovelace', phones: ['+14155550000'] }]);
  });

  /** Submits a batch whose file is at hand, as the API does. */
  async function submit(table: string | Buffer, changes: Partial<NewBatch> = {}): Promise<OfBatch> {
    const batchId = uuidv7();
    const content = Buffer.from(table as string);
    const key = `${inlineFolder}/uploads/${batchId}`;
    const file = { key, name: 'test.csv', bytes: content.length, sha256: null };
    const batch = newBatch(tenantId, { id: batchId, file, ...changes });
    await harness.db.database.transaction('search', (transaction) =>
      createBatch(transaction, batch, { key, contentType: 'text/csv', content }),
    );
    return { batchId, tenantId };
  }

  interface Parts {
    process?: EngineProcess;
    poolSize?: number;
    watch?: Watch;
    /** Methods of the engine that are had otherwise. */
    engine?: Partial<EngineProcess['engine']>;
  }

  /** The activities of a worker. */
  function worker({ poolSize = 10, process = harness.process(poolSize), watch, engine = {} }: Parts = {}) {
    const { database } = process;
    return createBatchActivities({
      config: { ...config, DATABASE_POOL_SIZE: poolSize },
      database: watch ? watchedDatabase(database, watch) : database,
      storage: openFileStorage(config, database),
      engine: engineWith(process, engine),
      log: createLogger('test', 'silent'),
    });
  }

  const run = async <T>(work: () => Promise<T>, attempt = 1): Promise<T> =>
    (await new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') }).run(work)) as T;
  const begin = (batch: OfBatch, activities: BatchActivities = worker()) =>
    run(() => activities.beginBatch(batch));

  interface BatchState {
    batch: Record<string, unknown>;
    rows: number;
    results: number;
    history: number;
    ranges: number;
    searches: number;
    charges: number;
    told: number;
    files: number;
  }

  /** All that there is of a batch, and of its tenant's searches and files, seen from outside. */
  async function stateOf({ batchId }: OfBatch): Promise<BatchState> {
    const [state] = await harness.rows<BatchState>(
      `select to_jsonb(b) as batch,
           (select count(*)::int from search.batch_rows where batch_id = b.id) as rows,
           (select count(*)::int from search.batch_results where batch_id = b.id) as results,
           (select count(*)::int from search.batch_events where batch_id = b.id) as history,
           (select count(*)::int from search.batch_chunks where batch_id = b.id) as ranges,
           (select count(*)::int from search.searches where tenant_id = b.tenant_id) as searches,
           (select count(*)::int from search.charges where tenant_id = b.tenant_id) as charges,
           (select count(*)::int from search.outbox where tenant_id = b.tenant_id) as told,
           (select count(*)::int from search.inline_files where tenant_id = b.tenant_id) as files
         from search.batches b where id = $1`,
      [batchId],
    );
    assert.ok(state);
    return state;
  }

  const statuses = async ({ batchId }: OfBatch): Promise<string> => {
    const rows = await harness.rows<{ status: string }>(
      'select status from search.batch_results where batch_id = $1 order by row_no',
      [batchId],
    );
    return rows.map(({ status }) => status).join(' ');
  };

  const history = async ({ batchId }: OfBatch): Promise<string[]> => {
    const rows = await harness.rows<{ type: string }>(
      'select type from search.batch_events where batch_id = $1 order by revision',
      [batchId],
    );
    return rows.map(({ type }) => type);
  };

  const told = async ({ batchId }: OfBatch): Promise<string[]> => {
    const rows = await harness.rows<{ type: string }>(
      'select type from search.outbox where subject = $1 order by position',
      [`batch:${batchId}`],
    );
    return rows.map(({ type }) => type.replace(/^search\.(batch_)?/, ''));
  };

  const linesOf = async (key: string): Promise<string[]> => {
    const chunks = await Array.fromAsync(await storage.get(key));
    return Buffer.concat(chunks as Buffer[])
      .toString()
      .trim()
      .split('\n');
  };

  /** That everything of a batch is there, once. */
  async function requireWhole(
    batch: OfBatch,
    expected = 'found not_found found failed',
    steps = 1,
  ): Promise<void> {
    assert.equal(await statuses(batch), expected);
    assert.deepEqual(await history(batch), course);
    assert.deepEqual(await told(batch), [
      ...course.slice(0, 4),
      ...Array.from({ length: steps }, () => 'performed'),
      ...course.slice(4),
    ]);
    const searches = await harness.rows<{ searches: number; asked: number }>(
      `select (select count(*)::int from search.searches s where s.id = any (array_agg(d.search_id))) as searches,
         count(distinct d.search_id)::int as asked
       from search.batch_results d where batch_id = $1`,
      [batch.batchId],
    );
    const asked = searches[0]?.asked ?? 0;
    assert.ok(asked > 0);
    assert.deepEqual(searches, [{ searches: asked, asked }]);
    const { batch: row, ranges } = await stateOf(batch);
    assert.equal(ranges, 0);
    const files = row['result_files'] as Record<'csv' | 'ndjson' | 'errors', { key: string }>;
    const results = (await linesOf(files.ndjson.key)).map((line) => JSON.parse(line).result.status);
    assert.equal(results.join(' '), expected);
    assert.equal((await linesOf(files.csv.key)).length, results.length + 1);
    const unsearched = results.filter((status) => status === 'failed' || status === 'skipped');
    assert.equal((await linesOf(files.errors.key)).length, unsearched.length + 1);
  }

  it('is all of it, when it is small and its providers are free and at hand', async () => {
    const batch = await submit(fourPhones);
    const view = await begin(batch);
    assert.deepEqual([view.phase, view.hold], ['completed', null]);
    await requireWhole(batch);
  });

  it('has times that do not go backwards', async () => {
    const batch = await submit(fourPhones);
    await begin(batch);
    const [happened] = await harness.rows<{ times: string[]; ends: string[] }>(
      `select array_agg(e.occurred_at::text order by e.revision) as times,
         array[b.created_at, b.started_at, b.finished_at, b.updated_at]::text[] as ends
       from search.batch_events e join search.batches b on b.id = e.batch_id where b.id = $1 group by b.id`,
      [batch.batchId],
    );
    assert.ok(happened);
    const { times, ends } = happened;
    assert.deepEqual(times, [...new Set(times)].toSorted());
    assert.deepEqual(ends, [times[0], times[1], times.at(-1), times.at(-1)]);
  });

  it('is not seen half done, and leaves nothing wherever it is broken off: then it is begun again', async () => {
    const batch = await submit(fourPhones);
    const before = await stateOf(batch);
    const faults = ['select 1 / 0', 'select pg_terminate_backend(pg_backend_pid())'];
    let [statements, at, fault] = [0, 0, ''];
    const activities = worker({
      watch: async (sql) => {
        statements += 1;
        assert.deepEqual(await stateOf(batch), before);
        if (statements === at) await sql(fault);
      },
    });
    /** Whether it went past the statement at which it was to fail. */
    const isPast = async (): Promise<boolean> => {
      statements = 0;
      const work = begin(batch, activities);
      if (await work.then(Boolean, () => false)) return true;
      assert.equal(statements, at);
      assert.deepEqual(await stateOf(batch), before);
      return false;
    };
    for (at = 1; ; at += 1) {
      fault = faults[at % 2] as string;
      if (await isPast()) break;
    }
    // From the first look to the commit there is more than a step.
    assert.ok(at > 20, `there were ${at - 1} statements`);
    await requireWhole(batch);
  });

  it('is done once, also when its answer is lost or another attempt is at it meanwhile', async () => {
    const batch = await submit(fourPhones);
    const other = worker();
    let second: Promise<unknown> | undefined;
    const first = worker({
      watch: async (_sql, statement) => {
        if (statement !== 'commit') return;
        second ??= begin(batch, other);
        await untilWaiting(harness.db.database, 'search', 1);
      },
    });
    const { revision } = await begin(batch, first);
    assert.equal(((await second) as { revision: number }).revision, revision);
    const before = await stateOf(batch);
    assert.equal((await begin(batch)).revision, revision);
    assert.deepEqual(await stateOf(batch), before);
    await requireWhole(batch);
  });

  it('fails with its event at once when the file is faulty', async () => {
    const setFile = (change: string) =>
      harness.rows(`update search.batches set file = ${change} where tenant_id = $1`, [tenantId]);
    const faulty = [
      { code: 'search.mapping_invalid', csv: 'id,number\na,1\n' },
      { code: 'search.file_empty', csv: 'id,phone\n' },
      { code: 'search.file_changed', change: `file || '{"sha256": "00"}'` },
      { code: 'storage.object_not_found', change: `file || '{"key": "inline/uploads/none"}'` },
    ];
    for (const { code, csv = fourPhones, change } of faulty) {
      const batch = await submit(csv);
      if (change !== undefined) await setFile(change);
      const before = await stateOf(batch);
      const watch = async () => assert.deepEqual(await stateOf(batch), before);
      const view = await begin(batch, worker({ watch }));
      assert.equal(view.phase, 'failed', code);
      assert.deepEqual(await history(batch), ['submitted', 'validating', 'failed']);
      assert.deepEqual(await told(batch), ['submitted', 'validating', 'failed']);
      const { batch: row, rows, results, searches } = await stateOf(batch);
      assert.deepEqual([(row['problem'] as { code: string }).code, rows, results, searches], [code, 0, 0, 0]);
      assert.ok(row['finished_at']);
    }
  });

  const command = (batch: OfBatch, word: 'pause' | 'cancel' | 'resume') =>
    harness.db.database.transaction('search', (transaction) =>
      commandBatch(transaction, tenantId, batch.batchId, word, { userId: null, traceId: null }),
    );

  it('is left alone when it is held already, or was a moment ago', async () => {
    for (const word of ['pause', 'cancel'] as const) {
      const early = await submit(fourPhones);
      await command(early, word);
      const held = await stateOf(early);
      assert.deepEqual([(await begin(early)).phase, (await begin(early)).hold], ['submitted', word]);
      assert.deepEqual(await stateOf(early), held);

      const late = await submit(fourPhones);
      const process = harness.process();
      const mayWait = async (...given: Parameters<EngineProcess['engine']['mayWait']>) => {
        await command(late, word);
        return await process.engine.mayWait(...given);
      };
      const view = await begin(late, worker({ process, engine: { mayWait } }));
      assert.deepEqual([view.phase, view.hold], ['submitted', word]);
      assert.deepEqual((await history(late)).length, 2);
    }
  });

  it('goes no further than the step at which it was held', async () => {
    const batch = await submit(fourPhones);
    let isHeld = false;
    const watch: Watch = async (_sql, statement) => {
      if (isHeld || !statement.includes('for no key update')) return;
      isHeld = true;
      await command(batch, 'pause');
    };
    const view = await begin(batch, worker({ watch }));
    assert.deepEqual([isHeld, view.phase, view.hold], [true, 'validating', 'pause']);
    assert.deepEqual(await history(batch), ['submitted', 'paused', 'validating']);
    assert.equal((await stateOf(batch)).rows, 0);
    await command(batch, 'resume');
    assert.equal((await begin(batch)).phase, 'validating');
    assert.equal((await run(() => worker().validateBatch(batch))).phase, 'completed');
    assert.equal(await statuses(batch), 'found not_found found failed');
  });

  it('lets whoever wants to hold it wait, and then tells them that it is over', async () => {
    for (const word of ['pause', 'cancel'] as const) {
      const batch = await submit(fourPhones);
      let answer: Promise<unknown> | undefined;
      const watch: Watch = async (_sql, statement) => {
        if (answer || !statement.includes('insert into search.batch_rows')) return;
        answer = command(batch, word).catch((error: unknown) => error);
        await untilWaiting(harness.db.database, 'search', 1);
      };
      assert.equal((await begin(batch, worker({ watch }))).phase, 'completed');
      assert.deepEqual(pick(await answer), { code: 'search.batch_state', details: { state: 'completed' } });
      await requireWhole(batch);
    }
  });

  it('holds nobody who waits when it is broken off', async () => {
    const batch = await submit(fourPhones);
    let held: Promise<unknown> | undefined;
    const watch: Watch = async (_sql, statement) => {
      if (held || !statement.includes('insert into search.batch_rows')) return;
      held = command(batch, 'cancel');
      await untilWaiting(harness.db.database, 'search', 1);
      throw new Error('the worker is lost');
    };
    await assert.rejects(begin(batch, worker({ watch })), /the worker is lost/);
    await held;
    const view = await begin(batch);
    assert.deepEqual([view.phase, view.hold], ['submitted', 'cancel']);
    assert.deepEqual(await history(batch), ['submitted', 'cancel_requested']);
  });

  it('leaves nothing when its worker ends in the middle of it', async () => {
    for (const step of ['insert into search.batch_rows', 'insert into search.batch_chunks']) {
      const batch = await submit(fourPhones);
      const before = await stateOf(batch);
      const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      const watch: Watch = async (_sql, statement) => {
        if (statement.includes(step)) environment.cancel('WORKER_SHUTDOWN');
        await Promise.resolve();
      };
      const activities = worker({ watch });
      const work = environment.run(() => activities.beginBatch(batch)) as Promise<unknown>;
      await assert.rejects(work, CancelledFailure);
      assert.deepEqual(await stateOf(batch), before);
      assert.equal((await begin(batch)).phase, 'completed');
      await requireWhole(batch);
    }
  });

  it('does without rows that can be searched, and without a tenant that has searched before', async () => {
    tenantId = uuidv7();
    const [none, first] = [await submit('phone\nnone\nnor this\n'), await submit(fourPhones)];
    const views = await Promise.all([begin(none), begin(first)]);
    assert.deepEqual(
      views.map(({ phase }) => phase),
      ['completed', 'completed'],
    );
    assert.equal(await statuses(none), 'failed failed');
    assert.deepEqual(await told(none), course);
    await requireWhole(first, 'not_found not_found not_found failed');
  });

  it('writes results that are too large for the database once more when it was broken off', async () => {
    const note = 'x'.repeat(600);
    const lines = Array.from({ length: 100 }, (_, index) => `+1415${5_550_000 + index},${note}\n`);
    const batch = await submit(`phone,note\n${lines.join('')}`);
    const before = await stateOf(batch);
    const watch: Watch = async (_sql, statement) => {
      if (statement === 'commit') throw new Error('the worker is lost');
      await Promise.resolve();
    };
    await assert.rejects(begin(batch, worker({ watch })), /the worker is lost/);
    assert.deepEqual(await stateOf(batch), before);
    assert.equal((await begin(batch)).phase, 'completed');
    const rest = Array.from({ length: 99 }, () => ' not_found').join('');
    await requireWhole(batch, `found${rest}`);
    const { key } = ((await stateOf(batch)).batch['result_files'] as { ndjson: { key: string } }).ndjson;
    assert.ok(!key.startsWith(inlineFolder));
  });

  it('does not hold it while a store outside is asked for the file', async () => {
    const { id } = await submitBatch({ database: harness.db.database, storage }, tenantId, fourPhones);
    const batch = { batchId: id, tenantId };
    const seen = new Set<unknown>();
    const process = harness.process();
    const searchMany = async (...given: Parameters<EngineProcess['engine']['searchMany']>) => {
      seen.add((await stateOf(batch)).batch['phase']);
      return await process.engine.searchMany(...given);
    };
    assert.equal((await begin(batch, worker({ process, engine: { searchMany } }))).phase, 'completed');
    assert.deepEqual([...seen], ['searching']);
    await requireWhole(batch);
  });

  it('leaves one of more rows to its workflow once they are counted', async () => {
    const [small, larger] = [await submit(phonesCsv(100)), await submit(phonesCsv(101))];
    assert.equal((await begin(small)).phase, 'completed');
    assert.equal((await begin(larger)).phase, 'ingesting');
    assert.deepEqual(await history(larger), ['submitted', 'validating', 'validated']);
    assert.equal((await stateOf(larger)).rows, 0);
  });

  it('is not held while a file is read that is small and has many rows: it may be packed', async () => {
    for (const [rows, expected] of [
      [1_000, ['submitted']],
      [1_001, ['submitted', 'validating']],
    ] as const) {
      const batch = await submit(gzipSync(phonesCsv(rows)));
      const seen = new Set<unknown>();
      const watch: Watch = async () => seen.add((await stateOf(batch)).batch['phase']);
      assert.equal((await begin(batch, worker({ watch }))).phase, 'ingesting');
      assert.deepEqual([...seen], expected);
      assert.deepEqual(await history(batch), ['submitted', 'validating', 'validated']);
    }
  });

  describe('whose providers cost', () => {
    const perCall = { perCall: 10_000n, perHit: 0n };
    const setPrice = async (price: ProviderPrice): Promise<void> => {
      await harness.rows(
        'update search.providers set cost_per_call_micros = $2, version = version + 1 where tenant_id = $1',
        [tenantId, price.perCall],
      );
    };
    const books = async ({ batchId }: OfBatch) =>
      await harness.rows<{ cost: string; billed: string; rows: string }>(
        `select cost_micros::text as cost,
           (select coalesce(sum(amount_micros), 0)::text from search.charges c
            where c.tenant_id = b.tenant_id and state = 'settled') as billed,
           (select sum(cost_micros)::text from search.batch_results where batch_id = b.id) as rows
         from search.batches b where id = $1`,
        [batchId],
      );
    const costs = (micros: string) => [{ cost: micros, billed: micros, rows: micros }];

    beforeEach(async () => {
      await harness.withoutDefaults(tenantId);
      await harness.provider(tenantId, { name: 'records', kind: 'records', price: perCall });
    });

    it('goes step by step, and is billed for what it asked', async () => {
      const batch = await submit(fourPhones);
      const process = harness.process();
      let seen = '';
      const searchMany = async (...given: Parameters<EngineProcess['engine']['searchMany']>) => {
        seen = String((await stateOf(batch)).batch['phase']);
        return await process.engine.searchMany(...given);
      };
      assert.equal((await begin(batch, worker({ process, engine: { searchMany } }))).phase, 'completed');
      assert.equal(seen, 'searching');
      await requireWhole(batch);
      assert.deepEqual(await books(batch), costs('20000'));
    });

    it('spends no more than its budget', async () => {
      for (const [budgetMicros, expected, micros, steps] of [
        [20_000n, 'found not_found found failed', '20000', 1],
        [10_000n, 'found skipped found failed', '10000', 2],
        [0n, 'skipped skipped skipped failed', '0', 1],
      ] as const) {
        await harness.rows('delete from search.charges where tenant_id = $1', [tenantId]);
        await harness.rows('delete from search.cache_entries where tenant_id = $1', [tenantId]);
        const batch = await submit(fourPhones, { budgetMicros });
        assert.equal((await begin(batch)).phase, 'completed');
        await requireWhole(batch, expected, steps);
        assert.deepEqual(await books(batch), costs(micros));
      }
    });

    it('spends no more on a row than its own budget', async () => {
      const { options } = newBatch(tenantId);
      const batch = await submit(fourPhones, { options: { ...options, rowBudget: '0' } });
      assert.equal((await begin(batch)).phase, 'completed');
      await requireWhole(batch, 'skipped skipped skipped failed');
      assert.deepEqual(await books(batch), costs('0'));
    });

    it('pays nothing in the one transaction when a price is raised behind its back', async () => {
      await setPrice({ perCall: 0n, perHit: 0n });
      for (const budgetMicros of [null, 100_000n]) {
        const batch = await submit(fourPhones, { budgetMicros });
        const before = await stateOf(batch);
        const process = harness.process();
        const price = async (...given: Parameters<EngineProcess['engine']['price']>) => {
          const found = await process.engine.price(...given);
          await setPrice(perCall);
          return found;
        };
        const asks = begin(batch, worker({ process, engine: { price } }));
        await assert.rejects(asks, { code: 'search.batch_range_lost' });
        assert.deepEqual(await stateOf(batch), before);
        assert.equal((await begin(batch)).phase, 'completed');
        await requireWhole(batch);
        assert.deepEqual(await books(batch), costs('20000'));
        await harness.rows('delete from search.charges where tenant_id = $1', [tenantId]);
        await harness.rows('delete from search.cache_entries where tenant_id = $1', [tenantId]);
        await setPrice({ perCall: 0n, perHit: 0n });
      }
    });
  });

  it('waits for nobody for ever when there are two connections', async () => {
    const priced = uuidv7();
    await harness.withoutDefaults(priced);
    const price = { perCall: 10_000n, perHit: 0n };
    await harness.provider(priced, { name: 'records', kind: 'records', price });
    const batches: OfBatch[] = [];
    for (let count = 0; count < 20; count += 1) batches.push(await submit(phonesCsv(20)));
    const free = tenantId;
    tenantId = priced;
    for (let count = 0; count < 5; count += 1) batches.push(await submit(phonesCsv(20)));
    tenantId = free;
    const activities = worker({ poolSize: 2 });
    const views = await Promise.all(batches.map((batch) => begin(batch, activities)));
    assert.deepEqual([...new Set(views.map(({ phase }) => phase))], ['completed']);
    for (const batch of batches) {
      const { rows, results, ranges } = await stateOf(batch);
      assert.deepEqual([rows, results, ranges], [20, 20, 0]);
    }
    assert.equal((await stateOf(batches[0] as OfBatch)).searches, 400);
  });

  it('gives a row up that the engine can’t answer, and no other, once its workflow has tried it often enough', async () => {
    const batch = await submit(fourPhones);
    const before = await stateOf(batch);
    const process = harness.process();
    const searchMany = async (...given: Parameters<EngineProcess['engine']['searchMany']>) => {
      const [, requests] = given;
      if (requests.some(({ fields }) => JSON.stringify(fields).includes('5550001')))
        throw new TypeError('a fault of the engine');
      return await process.engine.searchMany(...given);
    };
    const activities = worker({ process, engine: { searchMany } });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await assert.rejects(
        run(() => activities.beginBatch(batch), attempt),
        /a fault of the engine/,
      );
      assert.deepEqual(await stateOf(batch), before);
    }
    await assert.rejects(
      run(() => activities.validateBatch(batch)),
      /a fault of the engine/,
    );
    assert.equal((await run(() => activities.validateBatch(batch), 2)).phase, 'searching');
    const [range] = await run(() => activities.planSearch(batch));
    assert.ok(range);
    await assert.rejects(
      run(() => activities.searchRange({ ...batch, ...range }), 3),
      /a fault of the engine/,
    );
    await run(() => activities.searchRange({ ...batch, ...range }), 4);
    await run(() => activities.finishSearch(batch));
    assert.equal((await run(() => activities.writeResults(batch))).phase, 'completed');
    assert.equal(await statuses(batch), 'found failed found failed');
  });

  it('is of a batch that is there', async () => {
    await assert.rejects(begin({ batchId: uuidv7(), tenantId }), { code: 'search.batch_not_found' });
    const { batchId } = await submit(fourPhones);
    await assert.rejects(begin({ batchId, tenantId: uuidv7() }), { code: 'search.batch_not_found' });
  });
});

function pick(error: unknown): unknown {
  const { code, details } = error as { code?: unknown; details?: unknown };
  return { code, details };
}

/** The engine of a process, of which some methods are had otherwise. */
function engineWith(
  { engine }: EngineProcess,
  changes: Partial<EngineProcess['engine']>,
): EngineProcess['engine'] {
  return new Proxy(engine, {
    get: (target, property) => {
      const value: unknown = Reflect.get(changes, property) ?? Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
