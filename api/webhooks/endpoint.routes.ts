import { z } from 'zod';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { EndpointCommands } from './endpoint.commands.ts';
import { presentEndpoint } from './endpoint.presenter.ts';
import {
  endpointChange,
  endpointView,
  endpointWithSecret,
  newEndpoint,
  rotation,
} from './endpoint.schemas.ts';

export const endpointTag = 'Webhook endpoints';
export const endpointParams = z.object({ id: z.uuid() });
const idempotency = { domain: 'webhooks', mode: 'transaction' } as const;
const showingSecret = { ...idempotency, showsSecret: true } as const;
const etag = { ETag: 'Of what people can change.' };

/** Endpoints: where an organisation has its events sent. */
export function createEndpointRoutes(services: Services): Route[] {
  const { config, database } = services;
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const commands = new EndpointCommands(services);

  const halt = (command: 'pause' | 'disable', state: 'paused' | 'disabled', description: string): Route =>
    route({
      method: 'post',
      path: `/v1/webhook-endpoints/:id/${command}`,
      summary: `${command === 'pause' ? 'Pause' : 'Disable'} an endpoint`,
      description,
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      idempotency,
      responses: { 200: { description: 'The endpoint.', body: endpointView, headers: etag } },
      failures: ['webhooks.endpoint_not_found'],
      handler: async (request, transaction) => {
        const endpoint = await commands.halt(transaction, request, request.params.id, state);
        return {
          status: 200,
          headers: { ETag: etagOf(endpoint.version) },
          body: presentEndpoint(box, endpoint),
        };
      },
    });

  return [
    route({
      method: 'post',
      path: '/v1/webhook-endpoints',
      summary: 'Make an endpoint',
      description:
        'Messages are sent as Standard Webhooks 1.0.0 has it, see docs/webhooks-out.md. The answer alone shows the secret: send an ' +
        '`Idempotency-Key`, so that it can be asked for again should it be lost.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      body: newEndpoint,
      idempotency: showingSecret,
      responses: {
        201: {
          description: 'The endpoint, with its secret.',
          body: endpointWithSecret,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['webhooks.url_refused', 'webhooks.too_many_endpoints'],
      handler: async (request, transaction) => {
        const { endpoint, secret } = await commands.create(transaction, request, request.body);
        const headers = {
          Location: `/v1/webhook-endpoints/${endpoint.id}`,
          ETag: etagOf(endpoint.version),
        };
        return { status: 201, headers, body: presentEndpoint(box, endpoint, secret) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints',
      summary: 'The endpoints of the organisation, newest first',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of endpoints.', body: pageOf(endpointView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'webhook-endpoints',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new EndpointRepository(sql, tenantId).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: (endpoint) => presentEndpoint(box, endpoint),
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints/:id',
      summary: 'An endpoint',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      params: endpointParams,
      responses: { 200: { description: 'The endpoint.', body: endpointView, headers: etag } },
      failures: ['webhooks.endpoint_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const endpoint = await database.read('webhooks', ({ sql }) =>
          new EndpointRepository(sql, tenantId).get(id),
        );
        const headers = { ETag: etagOf(endpoint.version) };
        return { status: 200, headers, body: presentEndpoint(box, endpoint) };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/webhook-endpoints/:id',
      summary: 'Change an endpoint',
      description: 'Messages that wait go where it is then, with the headers that it has then.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      body: endpointChange,
      ifMatch: true,
      idempotency,
      responses: { 200: { description: 'The endpoint.', body: endpointView, headers: etag } },
      failures: ['webhooks.endpoint_not_found', 'webhooks.url_refused'],
      handler: async (request, transaction) => {
        const { params, body, ctx } = request;
        const matches = (version: number) => requireMatch(ctx, version);
        const endpoint = await commands.change(transaction, request, params.id, body, matches);
        const headers = { ETag: etagOf(endpoint.version) };
        return { status: 200, headers, body: presentEndpoint(box, endpoint) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/webhook-endpoints/:id',
      summary: 'Delete an endpoint',
      description: 'Nothing more is sent to it, and what was sent is forgotten.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      ifMatch: true,
      idempotency,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['webhooks.endpoint_not_found'],
      handler: async (request, transaction) => {
        const { params, ctx } = request;
        await commands.delete(transaction, request, params.id, (version) => requireMatch(ctx, version));
        return { status: 204 };
      },
    }),
    route({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/enable',
      summary: 'Enable an endpoint',
      description:
        'Sends what waits for it, and forgets its failures: an open circuit closes. What it has missed while it was disabled is sent by ' +
        '`replay-missing`.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      idempotency,
      responses: { 200: { description: 'The endpoint.', body: endpointView, headers: etag } },
      failures: ['webhooks.endpoint_not_found'],
      handler: async (request, transaction) => {
        const endpoint = await commands.enable(transaction, request, request.params.id);
        const headers = { ETag: etagOf(endpoint.version) };
        return { status: 200, headers, body: presentEndpoint(box, endpoint) };
      },
    }),
    halt('pause', 'paused', 'Its messages are collected, and sent once it is enabled again.'),
    halt('disable', 'disabled', 'It gets no messages any more; what it misses can be replayed.'),
    route({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/rotate-secret',
      summary: 'Give an endpoint a new secret',
      description:
        'Until the grace is over each message bears two signatures, by the new secret and by the old one. The answer alone shows the new ' +
        'secret: send an `Idempotency-Key`, so that it can be asked for again should it be lost.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      body: rotation,
      idempotency: showingSecret,
      responses: {
        200: { description: 'The endpoint, with its new secret.', body: endpointWithSecret, headers: etag },
      },
      failures: ['webhooks.endpoint_not_found', 'webhooks.secret_unchanged'],
      handler: async (request, transaction) => {
        const { params, body } = request;
        const { endpoint, secret } = await commands.rotate(transaction, request, params.id, body);
        const headers = { ETag: etagOf(endpoint.version) };
        return { status: 200, headers, body: presentEndpoint(box, endpoint, secret) };
      },
    }),
  ];
}
