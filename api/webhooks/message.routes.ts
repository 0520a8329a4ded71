import { z } from 'zod';
import { readDatabaseNow } from '../../db/now.ts';
import { readHealth } from '../../db/webhooks/endpoint-health.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import { endpointStatistics, type EndpointStatistics } from '../../db/webhooks/endpoint-statistics.ts';
import { MessageRepository } from '../../db/webhooks/message.repository.ts';
import { newHealth, type EndpointHealth } from '../../domain/webhooks/endpoint-health.ts';
import { attemptOutcomes, deliveryStates } from '../../domain/webhooks/endpoint.ts';
import { bodyOf, publicEvents } from '../../domain/webhooks/public-events.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { presentAttempt, presentDelivery, presentMessage } from './endpoint.presenter.ts';
import { endpointParams, endpointTag } from './endpoint.routes.ts';
import {
  attemptView,
  deliveryView,
  endpointHealth,
  eventTypeView,
  messageView,
  messageWithDeliveries,
} from './endpoint.schemas.ts';

const tag = 'Webhook messages';
const params = z.object({ id: z.uuid() });

/** What was sent, what came of it, and what there is to be sent. */
export function createMessageRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/webhooks/event-types',
      summary: 'The types of events that endpoints can hear',
      description:
        'With the shape of their payloads in every version, as JSON Schema, and an example of each.',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      responses: { 200: { description: 'All of them.', body: z.object({ items: z.array(eventTypeView) }) } },
      handler: () => Promise.resolve({ status: 200, body: { items: eventTypes } }),
    }),
    route({
      method: 'get',
      path: '/v1/webhooks/messages',
      summary: 'The messages of the organisation, newest first',
      description:
        'Events become messages from the first endpoint on, whether or not any endpoint hears them.',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      query: z.strictObject({
        ...pageQuery,
        type: z.string().max(100).optional().meta({ example: 'batch.completed' }),
      }),
      responses: { 200: { description: 'A page of messages.', body: pageOf(messageView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'webhook-messages',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new MessageRepository(sql, tenantId).list(query.type, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentMessage,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhooks/messages/:id',
      summary: 'A message, and how it fares at each endpoint',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The message.', body: messageWithDeliveries } },
      failures: ['webhooks.message_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const [message, deliveries] = await database.read('webhooks', async ({ sql }) => {
          const messages = new MessageRepository(sql, tenantId);
          return [await messages.get(id), await messages.deliveriesOf(id)] as const;
        });
        const payloads = Object.fromEntries(
          Object.entries(message.bodies).map(([version, body]) => [version, JSON.parse(body) as unknown]),
        );
        const body = { ...presentMessage(message), payloads, deliveries: deliveries.map(presentDelivery) };
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhooks/messages/:id/attempts',
      summary: 'Every attempt at a message, newest first',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      params,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of attempts.', body: pageOf(attemptView) } },
      failures: ['webhooks.message_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await database.read('webhooks', ({ sql }) => new MessageRepository(sql, tenantId).get(id));
        const body = await pages.read({
          list: `webhook-message-attempts:${id}`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new MessageRepository(sql, tenantId).attempts({ messageId: id }, limit, after?.id ?? null),
            ),
          positionOf: (attempt) => ({ id: attempt.id }),
          present: presentAttempt,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/attempts',
      summary: 'Every attempt at an endpoint, newest first',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      params: endpointParams,
      query: z.strictObject({ ...pageQuery, outcome: z.enum(attemptOutcomes).optional() }),
      responses: { 200: { description: 'A page of attempts.', body: pageOf(attemptView) } },
      failures: ['webhooks.endpoint_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await database.read('webhooks', ({ sql }) => new EndpointRepository(sql, tenantId).get(id));
        const of = { endpointId: id, outcome: query.outcome };
        const body = await pages.read({
          list: `webhook-endpoint-attempts:${id}`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new MessageRepository(sql, tenantId).attempts(of, limit, after?.id ?? null),
            ),
          positionOf: (attempt) => ({ id: attempt.id }),
          present: presentAttempt,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/deliveries',
      summary: 'The messages to an endpoint, newest first',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      params: endpointParams,
      query: z.strictObject({ ...pageQuery, state: z.enum(deliveryStates).optional() }),
      responses: { 200: { description: 'A page of deliveries.', body: pageOf(deliveryView) } },
      failures: ['webhooks.endpoint_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await database.read('webhooks', ({ sql }) => new EndpointRepository(sql, tenantId).get(id));
        const body = await pages.read({
          list: `webhook-endpoint-deliveries:${id}`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new MessageRepository(sql, tenantId).deliveriesTo(id, query.state, limit, after?.id ?? null),
            ),
          positionOf: (delivery) => ({ id: delivery.messageId }),
          present: presentDelivery,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/health',
      summary: 'How an endpoint fares',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      params: endpointParams,
      responses: { 200: { description: 'Its health, and the last 24 hours.', body: endpointHealth } },
      failures: ['webhooks.endpoint_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const [healths, statistics, now] = await database.read('webhooks', async ({ sql }) => {
          await new EndpointRepository(sql, tenantId).get(id);
          return [
            await readHealth(sql, [id]),
            await endpointStatistics(sql, id),
            await readDatabaseNow(sql),
          ] as const;
        });
        return { status: 200, body: presentHealth(healths.get(id) ?? newHealth, statistics, now) };
      },
    }),
  ];
}

function presentHealth(
  health: EndpointHealth,
  { waiting, p50, p95, ...counts }: EndpointStatistics,
  now: Date,
) {
  const open = health.openUntil !== null && health.openUntil > now;
  const held = health.holdUntil !== null && health.holdUntil > now;
  return {
    state: open ? 'circuit_open' : held ? 'held' : health.failures > 0 ? 'failing' : 'healthy',
    failures_in_a_row: health.failures,
    failing_since: health.failingSince?.toISOString() ?? null,
    open_until: open ? health.openUntil?.toISOString() : null,
    hold_until: held ? health.holdUntil?.toISOString() : null,
    last_success_at: health.lastSuccessAt?.toISOString() ?? null,
    last_failure_at: health.lastFailureAt?.toISOString() ?? null,
    waiting,
    last_24_hours: { ...counts, p50_milliseconds: p50, p95_milliseconds: p95 },
  };
}

const eventTypes = publicEvents.map(({ type, summary, operational, versions }) => ({
  type,
  summary,
  operational: operational === true,
  versions: versions.map(({ version, data, example }) => ({
    version,
    schema: z.toJSONSchema(data),
    example: JSON.parse(bodyOf(type, '2036-11-21T09:00:00.000Z', example)) as unknown,
  })),
}));
