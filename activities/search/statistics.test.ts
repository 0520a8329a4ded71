import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { insertLogEntries, type NewLogEntry } from '../../db/search/search-log.repository.ts';
import {
  StatisticsRepository,
  type StatisticDimension,
  type StatisticsRow,
} from '../../db/search/statistics.repository.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import type { ProviderStep, SearchStatus } from '../../domain/search/answer.ts';
import { queryKinds } from '../../domain/search/query.ts';
import { toPrecision } from '../../domain/search/waterfall.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createSearchStatisticsConsumer } from './statistics-consumer.ts';
import { createSearchCareActivities } from './statistics.activities.ts';

const days = ['2027-01-31', '2027-02-01', '2027-02-02'];
const statuses: SearchStatus[] = ['found', 'not_found', 'failed', 'over_budget', 'invalid'];
const outcomes: ProviderStep['outcome'][] = ['hit', 'miss', 'error', 'throttled', 'skipped'];

describe('Search statistics', () => {
  let db: TestDatabase;
  const [tenantId, otherTenant, userId] = [uuidv7(), uuidv7(), uuidv7()];
  before(async () => {
    db = await testDatabase({ of: ['search'] });
    for (const tenant of [tenantId, otherTenant]) {
      for (const user of [null, userId]) await log(tenant, user, 400);
    }
  });
  after(() => db.close());

  /** A generator with a seed: the same searches in every run. */
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647;
    return seed % below;
  };
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;

  const log = (tenant: string, user: string | null, count: number) =>
    db.database.transaction('search', ({ sql }) =>
      insertLogEntries(
        sql,
        { tenantId: tenant, userId: user, source: 'api', traceId: null, currency: 'USD' },
        Array.from({ length: count }, (): NewLogEntry => {
          const steps = ['A', 'B', 'C'].slice(0, 1 + random(3)).map((provider): ProviderStep => ({
            provider,
            kind: 'http',
            outcome: pick(outcomes),
            reason: '',
            costMicros: String(random(50) * 100),
            milliseconds: toPrecision(random(100_000) / 317),
          }));
          return {
            searchId: uuidv7(),
            kind: pick(queryKinds),
            status: pick(statuses),
            queryHash: null,
            people: [],
            trace: steps,
            problem: null,
            costMicros: steps.reduce((sum, { costMicros }) => sum + BigInt(costMicros), 0n),
            milliseconds: toPrecision(random(100_000) / 311),
            cached: random(3) === 0,
            // The first and the last moment of a day are among them.
            performedAt: new Date(`${pick(days)}T${pick(['00:00:00.000', '12:30:00.000', '23:59:59.999'])}Z`),
          };
        }),
      ),
    );
  const event = (tenant: string, data: Record<string, unknown>, occurredAt: string): DomainEvent => ({
    id: uuidv7(),
    domain: 'search',
    type: 'search.performed',
    version: 1,
    tenantId: tenant,
    subject: 'search:1',
    occurredAt,
    data,
    actorId: null,
    traceId: null,
  });
  const hear = (...events: DomainEvent[]) => createSearchStatisticsConsumer(db).handle(events);
  const aggregate = () =>
    new MockActivityEnvironment().run(() => createSearchCareActivities(db).aggregateSearchStatistics());
  const read = (groupBy: StatisticDimension[], tenant = tenantId) =>
    db.database.read('search', ({ sql }) =>
      new StatisticsRepository(sql, tenant).read({ from: days[0] ?? '', to: days[2] ?? '', groupBy }, 10_000),
    );

  /** The same figures straight from the raw rows, by PostgreSQL's own quantiles. */
  const fromRawRows = (groupBy: StatisticDimension[]) => {
    const calls = groupBy.includes('provider');
    const columns = {
      day: `(performed_at at time zone 'utc')::date::text`,
      user: 'user_id',
      provider: 'step.provider',
      kind: 'searches.kind',
    };
    const by = (dimension: StatisticDimension): string =>
      groupBy.includes(dimension) ? columns[dimension] : 'null';
    const outcome = calls ? 'step.outcome' : 'status';
    const [hit, miss, error] = calls ? ['hit', 'miss', 'error'] : ['found', 'not_found', 'failed'];
    const latency = calls ? 'step.milliseconds' : 'searches.milliseconds';
    const measured = calls ? `filter (where step.outcome <> 'throttled')` : '';
    return db.database.read('search', ({ sql }) =>
      sql<StatisticsRow>(
        `select ${by('day')}::text as day, ${by('user')}::uuid as "userId", ${by('provider')}::text as provider,
                ${by('kind')}::text as kind, count(*)::text as asked,
                (count(*) filter (where ${outcome} = '${hit}'))::text as hits,
                (count(*) filter (where ${outcome} = '${miss}'))::text as misses,
                (count(*) filter (where ${outcome} = '${error}'))::text as errors,
                (count(*) filter (where ${outcome} not in ('${hit}', '${miss}', '${error}')))::text as others,
                (count(*) filter (where cached and ${!calls}))::text as cached,
                sum(${calls ? 'step."costMicros"' : 'cost_micros'})::text as "costMicros",
                percentile_disc(0.5) within group (order by ${latency}) ${measured} as "p50Milliseconds",
                percentile_disc(0.95) within group (order by ${latency}) ${measured} as "p95Milliseconds"
         from search.searches
         ${calls ? `, jsonb_to_recordset(trace) as step (provider text, outcome text, "costMicros" bigint, milliseconds float8)` : ''}
         where tenant_id = $1 ${calls ? `and step.outcome <> 'skipped'` : ''}
         group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
        [tenantId],
      ),
    );
  };

  it('equal the raw rows, however they are grouped', async () => {
    await hear(
      event(tenantId, { days }, '2027-02-05T00:00:00Z'),
      event(otherTenant, { days }, '2027-02-05T00:00:00Z'),
    );
    assert.deepEqual(await aggregate(), { days: 6 });
    const groupings: StatisticDimension[][] = [
      [],
      ['day'],
      ['user'],
      ['kind'],
      ['provider'],
      ['day', 'user', 'provider', 'kind'],
      ['day', 'user', 'kind'],
    ];
    for (const groupBy of groupings) {
      const counted = await read(groupBy);
      assert.ok(counted.length > 0);
      assert.deepEqual(counted, await fromRawRows(groupBy), groupBy.join());
    }
  });

  it('stay the same when events come twice and days are counted again', async () => {
    const before_ = await read(['day', 'provider']);
    await hear(event(tenantId, { days }, '2027-02-05T00:00:00Z'));
    await hear(event(tenantId, { days }, '2027-02-05T00:00:00Z'));
    assert.deepEqual(await aggregate(), { days: 3 });
    assert.deepEqual(await aggregate(), { days: 0 });
    assert.deepEqual(await read(['day', 'provider']), before_);
  });

  it('take in later searches of a day once it is marked, by the day of the event if it names none', async () => {
    await log(tenantId, userId, 50);
    await hear(...days.map((day) => event(tenantId, {}, `${day}T10:00:00.123456Z`)));
    await aggregate();
    for (const groupBy of [[], ['day', 'provider']] satisfies StatisticDimension[][]) {
      assert.deepEqual(await read(groupBy), await fromRawRows(groupBy));
    }
    assert.equal((await read([], otherTenant))[0]?.asked, '800');
  });

  it('outlive the log, which forgets searches beyond its retention', async () => {
    const old = uuidv7();
    await db.database.transaction('search', ({ sql }) =>
      sql(
        `insert into search.searches (id, tenant_id, source, kind, status, cached, cost_micros, currency, milliseconds,
           people, trace, performed_at)
         values ($1, $2, 'api', 'name', 'found', false, 0, 'USD', 1, '[]', '[]', now() - interval '366 days')`,
        [old, tenantId],
      ),
    );
    const care = createSearchCareActivities(db);
    assert.deepEqual(await new MockActivityEnvironment().run(() => care.pruneSearchLog()), { searches: 1 });
    assert.deepEqual(await new MockActivityEnvironment().run(() => care.pruneSearchCache()), {
      answers: 0,
      samples: 0,
      abandonedCharges: 0,
      chargeAnswers: 0,
    });
  });
});
