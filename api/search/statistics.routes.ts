import { z } from 'zod';
import {
  StatisticsRepository,
  statisticDimensions,
  type StatisticsRow,
} from '../../db/search/statistics.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import { queryKinds } from '../../domain/search/query.ts';
import { loadSetup } from '../../services/search/setup.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { amount } from './search.schemas.ts';

const mostDays = 366;
const mostRows = 10_000;
const dayMs = 86_400_000;

const groupBy = z
  .string()
  .default('day')
  .transform((text, context) => {
    const given = text.split(',').filter((name) => name !== '');
    const known = statisticDimensions.filter((dimension) => given.includes(dimension));
    if (known.length === new Set(given).size) return known;
    context.addIssue({ code: 'custom', message: `Group by any of: ${statisticDimensions.join(', ')}.` });
    return z.NEVER;
  })
  .meta({
    type: 'string',
    description: `Any of ${statisticDimensions.join(', ')}, with commas between; empty for one total.`,
    example: 'day,provider',
  });

/** ISO 8601 has a year 0, PostgreSQL's calendar has none. */
const day = z.iso.date().refine((text) => !text.startsWith('0000'), 'There is no year 0.');

const query = z
  .strictObject({
    from: day.optional().meta({ description: 'First day (UTC); 29 days before `to` without it.' }),
    to: day.optional().meta({ description: 'Last day (UTC); today without it.' }),
    group_by: groupBy,
    user_id: z.uuid().optional(),
    provider: z.string().max(100).optional(),
    kind: z.enum(queryKinds).optional(),
  })
  .meta({ id: 'SearchStatisticsQuery' });

const count = z.int().min(0);
const statistics = z
  .object({
    day: z.iso.date().optional(),
    user_id: z.uuid().nullable().optional(),
    provider: z.string().optional(),
    kind: z.enum(queryKinds).optional(),
    asked: count.meta({ description: 'Searches; calls where it is by provider.' }),
    hits: count,
    misses: count,
    errors: count,
    others: count.meta({ description: 'Unreadable questions, too small budgets; throttled calls.' }),
    cached: count,
    cache_rate: z
      .number()
      .nullable()
      .meta({ description: 'Cached of all searches; null where it is by provider.' }),
    cost: amount,
    p50_milliseconds: z.number().nullable(),
    p95_milliseconds: z.number().nullable(),
  })
  .meta({ id: 'SearchStatistics' });

/** Figures of searches. */
export function createSearchStatisticsRoutes({ database }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/search-statistics',
      summary: 'Searches, hits, cost and latency',
      description:
        'By day, user, provider and kind, or summed over any of them; exact against the search log, quantiles too. Counted every ' +
        'few minutes: `pending_days` names the days of the range that have changed since.',
      tag: 'Search',
      access: 'search:read',
      rate: 'read',
      query,
      responses: {
        200: {
          description: 'The figures.',
          body: z.object({
            from: z.iso.date(),
            to: z.iso.date(),
            currency: z.string(),
            items: z.array(statistics),
            truncated: z.boolean().meta({ description: `There are more than ${mostRows} groups.` }),
            pending_days: z.array(z.iso.date()),
          }),
        },
      },
      handler: async ({ principal, query: asked }) => {
        const { tenantId } = principal;
        const range = rangeOf(asked.from, asked.to);
        const { group_by: dimensions, user_id: userId, provider, kind } = asked;
        const byProvider = dimensions.includes('provider') || provider !== undefined;
        const { currency } = await loadSetup(database, tenantId);
        const { rows, due } = await database.read('search', async ({ sql }) => {
          const repository = new StatisticsRepository(sql, tenantId);
          const filter = { ...range, groupBy: dimensions, userId, provider, kind };
          return {
            rows: await repository.read(filter, mostRows + 1),
            due: await repository.due(range.from, range.to),
          };
        });
        const items = rows.slice(0, mostRows).map((row) => present(row, dimensions, byProvider));
        return {
          status: 200,
          body: { ...range, currency, items, truncated: rows.length > mostRows, pending_days: due },
        };
      },
    }),
  ];
}

function rangeOf(from: string | undefined, to: string | undefined): { from: string; to: string } {
  const last = to ?? new Date().toISOString().slice(0, 10);
  const first = from ?? new Date(Date.parse(last) - 29 * dayMs).toISOString().slice(0, 10);
  const days = (Date.parse(last) - Date.parse(first)) / dayMs + 1;
  const message =
    days < 1 ? 'It lies after `to`.' : days > mostDays ? `The range has more than ${mostDays} days.` : null;
  if (message === null) return { from: first, to: last };
  throw new Failure('request.invalid', 'The query is not valid.', {
    issues: [{ pointer: '/query/from', message }],
  });
}

function present(
  row: StatisticsRow,
  dimensions: readonly (typeof statisticDimensions)[number][],
  byProvider: boolean,
): Record<string, unknown> {
  const [asked, cached] = [Number(row.asked), Number(row.cached)];
  return {
    ...(dimensions.includes('day') ? { day: row.day } : {}),
    ...(dimensions.includes('user') ? { user_id: row.userId } : {}),
    ...(dimensions.includes('provider') ? { provider: row.provider } : {}),
    ...(dimensions.includes('kind') ? { kind: row.kind } : {}),
    asked,
    hits: Number(row.hits),
    misses: Number(row.misses),
    errors: Number(row.errors),
    others: Number(row.others),
    cached,
    cache_rate: byProvider || asked === 0 ? null : cached / asked,
    cost: formatDecimal(BigInt(row.costMicros)),
    p50_milliseconds: row.p50Milliseconds,
    p95_milliseconds: row.p95Milliseconds,
  };
}
