import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { readHealth } from '../../db/search/provider-health.repository.ts';
import type { StoredProvider } from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import type { SearchEngine } from '../../services/search/contract.ts';
import { loadSetup } from '../../services/search/setup.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { ProviderCommands } from './provider.commands.ts';
import { presentHealth, presentProvider } from './provider.presenter.ts';
import {
  newProvider,
  provider,
  providerChange,
  providerHealth,
  providerList,
  providerOrder,
  providerTest,
  providerTestResult,
} from './provider.schemas.ts';
import { refusalOf } from './refusal.ts';
import { presentPerson, presentStep } from './search.presenter.ts';

const tag = 'Search providers';
const params = z.object({ id: z.uuid() });
const etag = { ETag: 'Version of the provider. Send it as `If-Match` with a change.' };

/** Administration of providers. */
export function createProviderRoutes(services: Services, engine: SearchEngine): Route[] {
  const { database } = services;
  const commands = new ProviderCommands(services);
  return [
    route({
      method: 'get',
      path: '/v1/search-providers',
      summary: 'Providers in the order in which searches ask them',
      description:
        'Every organisation starts with its own records and with facts about numbers and addresses.',
      tag,
      access: 'providers:read',
      rate: 'read',
      responses: { 200: { description: 'The providers.', body: providerList } },
      handler: async ({ principal }) => {
        const { providers, currency } = await loadSetup(database, principal.tenantId);
        return { status: 200, body: { items: providers.map((stored) => presentProvider(stored, currency)) } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/search-providers',
      summary: 'Add a provider behind the others',
      tag,
      access: 'providers:write',
      rate: 'write',
      body: newProvider,
      responses: {
        201: { description: 'It is there.', body: provider, headers: { ...etag, Location: 'Its address.' } },
      },
      failures: ['search.provider_invalid', 'search.provider_name_taken', 'search.too_many_providers'],
      idempotency: { domain: 'search', mode: 'transaction' },
      handler: async ({ principal, body }, transaction) => {
        const made = await commands.create(transaction, principal, body);
        const shown = show(201, made.provider, made.currency);
        return {
          ...shown,
          headers: { ...shown.headers, Location: `/v1/search-providers/${made.provider.id}` },
        };
      },
    }),
    route({
      method: 'put',
      path: '/v1/search-providers/order',
      summary: 'Put the providers into another order',
      tag,
      access: 'providers:write',
      rate: 'write',
      body: providerOrder,
      responses: { 200: { description: 'The providers in their new order.', body: providerList } },
      failures: ['search.provider_not_found', 'search.provider_order_incomplete'],
      handler: async ({ principal, body }) => {
        const { providers, currency } = await database.transaction('search', (transaction) =>
          commands.reorder(transaction, principal, body.ids),
        );
        return { status: 200, body: { items: providers.map((stored) => presentProvider(stored, currency)) } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/search-providers/:id',
      summary: 'One provider',
      tag,
      access: 'providers:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The provider.', body: provider, headers: etag } },
      failures: ['search.provider_not_found'],
      handler: async ({ principal, params: { id } }) => {
        const { providers, currency } = await loadSetup(database, principal.tenantId);
        const stored = providers.find((one) => one.id === id);
        if (!stored) throw notFound();
        return show(200, stored, currency);
      },
    }),
    route({
      method: 'patch',
      path: '/v1/search-providers/:id',
      summary: 'Change a provider',
      description: 'What is not named stays. `enabled: false` takes it out of searches and keeps it.',
      tag,
      access: 'providers:write',
      rate: 'write',
      params,
      body: providerChange,
      responses: { 200: { description: 'It is changed.', body: provider, headers: etag } },
      failures: [
        'search.provider_not_found',
        'search.provider_invalid',
        'search.provider_name_taken',
        'request.precondition_failed',
      ],
      handler: async ({ principal, params: { id }, body, ctx }) => {
        const changed = await database.transaction('search', (transaction) =>
          commands.change(transaction, principal, id, body, (version) => requireMatch(ctx, version)),
        );
        return show(200, changed.provider, changed.currency);
      },
    }),
    route({
      method: 'delete',
      path: '/v1/search-providers/:id',
      summary: 'Remove a provider',
      description: 'What it has cost stays in the ledger and in the statistics.',
      tag,
      access: 'providers:write',
      rate: 'write',
      params,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['search.provider_not_found', 'request.precondition_failed'],
      handler: async ({ principal, params: { id }, ctx }) => {
        await database.transaction('search', (transaction) =>
          commands.delete(transaction, principal, id, (version) => requireMatch(ctx, version)),
        );
        return { status: 204 };
      },
    }),
    route({
      method: 'get',
      path: '/v1/search-providers/:id/health',
      summary: 'How a provider does',
      description:
        'Calls of the last minutes, its circuit breaker, pauses, and what it has cost today and this month.',
      tag,
      access: 'providers:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'Its health.', body: providerHealth } },
      failures: ['search.provider_not_found'],
      handler: async ({ principal, params: { id } }) => {
        const { currency } = await loadSetup(database, principal.tenantId);
        const health = await database.read('search', ({ sql }) => readHealth(sql, principal.tenantId, id));
        if (!health) throw notFound();
        return { status: 200, body: presentHealth(health, currency) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/search-providers/:id/test',
      summary: 'Ask one provider',
      description:
        'Past the cache and the other providers, also while it is disabled. The call counts against its limits and budgets, and ' +
        'is billed, as any other; it is not in the search log.',
      tag,
      access: 'providers:write',
      rate: 'search',
      params,
      body: providerTest,
      responses: { 200: { description: 'What it said.', body: providerTestResult } },
      failures: [
        'search.provider_not_found',
        'search.query_invalid',
        'search.query_empty',
        'search.phone_invalid',
        'search.email_invalid',
      ],
      idempotency: { domain: 'search', mode: 'leased', leaseSeconds: 8 },
      handler: async ({ principal, params: { id }, body, traceId, signal }) => {
        const { tenantId, userId } = principal;
        const { kind, ...fields } = body;
        const test = await engine.testProvider(
          { tenantId, userId, source: 'api', traceId },
          id,
          { kind, fields, effectKey: `test:${uuidv7()}` },
          signal,
        );
        if (!test) throw notFound();
        if (test.problem) throw refusalOf(test.problem);
        const { currency } = await loadSetup(database, tenantId);
        return {
          status: 200,
          body: {
            step: test.step && presentStep(test.step),
            people: test.people.map(presentPerson),
            facts: test.facts,
            currency,
          },
        };
      },
    }),
  ];
}

function show(status: number, stored: StoredProvider, currency: string): Reply {
  return { status, headers: { ETag: etagOf(stored.version) }, body: presentProvider(stored, currency) };
}

function notFound(): Failure {
  return new Failure('search.provider_not_found', 'There is no such provider.');
}
