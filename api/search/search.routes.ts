import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import { SearchLogRepository } from '../../db/search/search-log.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { searchStatuses } from '../../domain/search/answer.ts';
import { parseDecimal } from '../../domain/search/micros.ts';
import { normaliseQuery, queryKinds, type QueryInput, type QueryKind } from '../../domain/search/query.ts';
import { orderedUuid } from '../../platform/uuid.ts';
import type {
  SearchEngine,
  SearchRequest,
  SearchResult,
  SearchScope,
} from '../../services/search/contract.ts';
import { momentFilter, pageOf, pageQuery, Pages, requireOrder } from '../page.ts';
import { fingerprintOf } from '../command-key.ts';
import { route, type Reply, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { presentAnswer, presentLogged, presentPrice, presentStep } from './search.presenter.ts';
import { loggedSearch, searchAnswer, searchBodies, searchPrice, type SearchBody } from './search.schemas.ts';
import { requireRecordSets } from './record-set-check.ts';
import { inBody, refusalOf } from './refusal.ts';

const summaries: Record<QueryKind, string> = {
  email: 'Search by e-mail address',
  phone: 'Search by telephone number',
  name: 'Search by name',
  address: 'Search by address',
  comprehensive: 'Search by everything that is known',
};

/** After so long without a sign of life of its process, a search is done by the next one that is asked for the same. */
const leaseSeconds = 8;

/** In place of a request's own: should the client go away, the answer is there for when it asks again under its key. */
const unending = new AbortController().signal;

/** An id that is the same for a request that is sent again under its `Idempotency-Key`. */
const searchNamespace = 'f1b6f0c7-6b0e-4b53-9a7a-5b7f7c1a2d11';

/** Searches, and the log of them. */
export function createQuestionRoutes(services: Services, engine: SearchEngine): Route[] {
  return [...queryKinds.map((kind) => searchRoute(services, engine, kind)), ...logRoutes(services)];
}

function searchRoute(services: Services, engine: SearchEngine, kind: QueryKind): Route {
  return route({
    method: 'post',
    path: `/v1/search/${kind}`,
    summary: summaries[kind],
    description:
      'Asks the providers in their order until one gives a validated answer that has every required field. Nobody found is an ' +
      'answer with status `not_found`. The trace tells of every provider why it was asked or not, and what it cost. ' +
      'When nobody is found and a provider could not be asked, that is a 503, for somebody may be there.',
    tag: 'Search',
    access: 'search:run',
    rate: 'search',
    body: searchBodies[kind] as unknown as z.ZodType<SearchBody>,
    responses: {
      200: {
        description: 'The answer, or with `dry_run` the price.',
        body: z.union([searchAnswer, searchPrice]),
      },
    },
    failures: [
      'search.query_invalid',
      'search.query_empty',
      'search.phone_invalid',
      'search.email_invalid',
      'search.record_set_not_found',
      'search.providers_unavailable',
    ],
    idempotency: { domain: 'search', mode: 'leased', leaseSeconds },
    handler: (request) => search(services, engine, kind, request),
  });
}

async function search(
  services: Services,
  engine: SearchEngine,
  kind: QueryKind,
  request: Request<undefined, undefined, SearchBody>,
): Promise<Reply> {
  const { principal, body } = request;
  const { min_score, limit, required_fields, budget, record_set_ids, dry_run, use_cache, ...fields } = body;
  const scope: SearchScope = {
    tenantId: principal.tenantId,
    userId: principal.userId,
    source: 'api',
    traceId: request.traceId,
  };
  if (dry_run) {
    return { status: 200, body: presentPrice(await engine.price(scope, kind), read(kind, fields)) };
  }
  if (record_set_ids) await requireRecordSets(services.database, principal.tenantId, record_set_ids);
  const asked: SearchRequest = {
    kind,
    fields,
    options: {
      minScore: min_score,
      limit,
      requiredFields: required_fields,
      budget: budget === undefined ? null : parseDecimal(budget),
      recordSetIds: record_set_ids ?? null,
      useCache: use_cache,
    },
    effectKey: `search:${searchIdOf(request)}`,
    mayRepeat: request.ctx.get('Idempotency-Key') !== '',
  };
  return replyTo(await engine.search(scope, asked, unending));
}

/** The same id for a request that is sent again: what was called and billed is then found in the ledger. */
function searchIdOf({ ctx, principal, body }: Request<undefined, undefined, SearchBody>): string {
  const key = ctx.get('Idempotency-Key');
  if (key === '') return orderedUuid();
  const owner = `${principal.tenantId}:${principal.userId}`;
  return uuidv5(`${owner}:${key}:${fingerprintOf(ctx, JSON.stringify(body))}`, searchNamespace);
}

function read(kind: QueryKind, fields: QueryInput): ReturnType<typeof normaliseQuery> {
  try {
    return normaliseQuery(kind, fields);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, error.message, { issues: inBody(error.details.issues) });
  }
}

function replyTo(result: SearchResult): Reply {
  if (result.status === 'invalid' || result.query === null) {
    throw refusalOf(result.problem ?? unread, { search_id: result.searchId });
  }
  if (result.status === 'failed') {
    throw new Failure(
      'search.providers_unavailable',
      result.problem?.message ?? 'No provider could be asked.',
      {
        search_id: result.searchId,
        trace: result.trace.map(presentStep),
        retryAfter: 2,
      },
    );
  }
  return { status: 200, body: presentAnswer(result, result.query) };
}

const unread = { code: 'search.query_invalid', message: 'The search is not valid.' };

const logPosition = z.object({ performedAt: z.string(), id: z.uuid() });

function logRoutes({ database, config }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/searches',
      summary: 'The search log, newest first',
      description: 'Searches of the API and of batches, without what they asked with.',
      tag: 'Search',
      access: 'search:read',
      rate: 'read',
      query: z.strictObject({
        ...pageQuery,
        kind: z.enum(queryKinds).optional(),
        status: z.enum(searchStatuses).optional(),
        source: z.enum(['api', 'batch']).optional(),
        user_id: z.uuid().optional(),
        from: momentFilter,
        to: momentFilter,
      }),
      responses: { 200: { description: 'A page.', body: pageOf(loggedSearch) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal, query }) => {
        const { kind, status, source, user_id: userId, from, to } = query;
        requireOrder(from, to);
        const body = await pages.read({
          list: 'searches',
          tenantId: principal.tenantId,
          query,
          position: logPosition,
          read: (limit, after) =>
            database.read('search', ({ sql }) =>
              new SearchLogRepository(sql, principal.tenantId).list(
                { kind, status, source, userId, from, to },
                limit,
                after,
              ),
            ),
          positionOf: ({ performedAt, id }) => ({ performedAt, id }),
          present: presentLogged,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/searches/:id',
      summary: 'One search of the log',
      tag: 'Search',
      access: 'search:read',
      rate: 'read',
      params: z.object({ id: z.uuid() }),
      responses: { 200: { description: 'The search.', body: loggedSearch } },
      failures: ['search.search_not_found'],
      handler: async ({ principal, params }) => {
        const found = await database.read('search', ({ sql }) =>
          new SearchLogRepository(sql, principal.tenantId).find(params.id),
        );
        if (!found) throw new Failure('search.search_not_found', 'There is no such search.');
        return { status: 200, body: presentLogged(found) };
      },
    }),
  ];
}
