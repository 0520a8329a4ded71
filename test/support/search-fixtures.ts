import { v7 as uuidv7 } from 'uuid';
import { insertLogEntries } from '../../db/search/search-log.repository.ts';
import { loadSetup } from '../../services/search/setup.ts';
import type { Fixture, FixtureContext } from './fixtures.ts';

const ofProvider = { params: async (context: FixtureContext) => ({ id: await providerOf(context) }) };

/** For the routes of searches and providers. */
export const searchFixtures: Record<string, Fixture> = {
  'get /v1/searches/:id': { params: async (context) => ({ id: await logSearch(context) }) },
  'get /v1/search-providers/:id': ofProvider,
  'patch /v1/search-providers/:id': { ...ofProvider, body: () => ({ enabled: true }) },
  'delete /v1/search-providers/:id': ofProvider,
  'get /v1/search-providers/:id/health': ofProvider,
  'post /v1/search-providers/:id/test': {
    ...ofProvider,
    body: () => ({ kind: 'phone', phone: '+14155552671' }),
  },
};

/** One of those that every organisation has. */
async function providerOf({ api, tenant }: FixtureContext): Promise<string> {
  const { providers } = await loadSetup(api.services.database, tenant.id);
  const [first] = providers;
  if (!first) throw new Error('An organisation has no provider.');
  return first.id;
}

async function logSearch({ api, tenant, caller }: FixtureContext): Promise<string> {
  const searchId = uuidv7();
  const scope = { tenantId: tenant.id, userId: caller.userId, source: 'api', traceId: null, currency: 'USD' };
  await api.services.database.transaction('search', ({ sql }) =>
    insertLogEntries(sql, scope, [
      {
        searchId,
        kind: 'name',
        status: 'not_found',
        queryHash: null,
        people: [],
        trace: [],
        problem: null,
        costMicros: 0n,
        milliseconds: 1,
        cached: false,
        performedAt: new Date(),
      },
    ]),
  );
  return searchId;
}
