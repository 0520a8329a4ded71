import { ProviderRepository } from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { loadSetup } from '../../services/search/setup.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { searchSettings, searchSettingsChange } from './provider.schemas.ts';

const etag = { ETag: 'Version of the settings. Send it as `If-Match` with a change.' };

/** What holds for all searches of an organisation. */
export function createSearchSettingsRoutes({ database }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/search-settings',
      summary: 'Settings of all searches',
      tag: 'Search providers',
      access: 'providers:read',
      rate: 'read',
      responses: { 200: { description: 'The settings.', body: searchSettings, headers: etag } },
      handler: async ({ principal }) => {
        const setup = await loadSetup(database, principal.tenantId);
        return {
          status: 200,
          headers: { ETag: etagOf(setup.version) },
          body: { currency: setup.currency, cache_ttl_seconds: setup.cacheTtlSeconds },
        };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/search-settings',
      summary: 'Change the settings of all searches',
      tag: 'Search providers',
      access: 'providers:write',
      rate: 'write',
      body: searchSettingsChange,
      responses: { 200: { description: 'They are changed.', body: searchSettings, headers: etag } },
      failures: ['search.currency_in_use', 'request.precondition_failed'],
      handler: async ({ principal, body, ctx }) => {
        const changed = await database.transaction('search', async (transaction) => {
          const repository = new ProviderRepository(transaction.sql, principal.tenantId);
          await repository.ensureSetup();
          await repository.lockAndInvalidate();
          const setup = await repository.ensureSetup();
          requireMatch(ctx, setup.version);
          const currency = body.currency ?? setup.currency;
          if (currency !== setup.currency && (await repository.hasCharges())) {
            throw new Failure('search.currency_in_use', 'Searches were billed already: the currency stays.');
          }
          const cacheTtlSeconds = body.cache_ttl_seconds ?? setup.cacheTtlSeconds;
          await repository.updateSettings(setup.version, { currency, cacheTtlSeconds });
          await transaction.publish({
            type: 'search.settings_updated',
            tenantId: principal.tenantId,
            subject: `search-settings:${principal.tenantId}`,
            actorId: principal.userId,
            data: { currency, cache_ttl_seconds: cacheTtlSeconds },
          });
          return await repository.ensureSetup();
        });
        return {
          status: 200,
          headers: { ETag: etagOf(changed.version) },
          body: { currency: changed.currency, cache_ttl_seconds: changed.cacheTtlSeconds },
        };
      },
    }),
  ];
}
