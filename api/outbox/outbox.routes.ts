import { z } from 'zod';
import { outboxState } from '../../db/outbox/deliveries.ts';
import { listParked, replayParked } from '../../db/outbox/parked.ts';
import { publishingDomains } from '../../domain/domains.ts';
import { Failure } from '../../domain/failure.ts';
import { consumers } from '../../domain/events/subscriptions.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const domainName = z.enum(publishingDomains);

const deliveryState = z
  .object({
    domain: domainName,
    consumer: z.string().meta({ example: 'workflow-starts' }),
    waiting: z.int().meta({ description: 'Deliveries not made yet.' }),
    parked: z.int().meta({ description: 'Deliveries that kept failing and wait for a person.' }),
    oldest_seconds: z.number().meta({ description: 'Age of the oldest waiting event.' }),
  })
  .meta({ id: 'OutboxState' });

const parkedDelivery = z
  .object({
    domain: domainName,
    consumer: z.string(),
    position: z.string(),
    event_id: z.uuid(),
    type: z.string(),
    tenant_id: z.uuid(),
    subject: z.string(),
    attempts: z.int(),
    parked_at: z.iso.datetime(),
    last_error: z.string(),
    waiting_behind: z.int().meta({ description: 'Later events of the same subject that wait for this one.' }),
  })
  .meta({ id: 'ParkedDelivery' });

/** For operators: what the outbox owes, what is parked, and its replay. Shows facts about events, never their data. */
export function createOutboxRoutes({ database }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/outbox',
      summary: 'What the outbox still owes, by domain and consumer',
      tag: 'Operations',
      access: 'outbox:read',
      rate: 'read',
      responses: { 200: { description: 'The state.', body: z.object({ items: z.array(deliveryState) }) } },
      handler: async () => {
        const states = await Promise.all(
          publishingDomains.map(async (domain) => {
            const rows = await database.read(domain, ({ sql }) => outboxState(sql, domain));
            return rows.map(({ oldestSeconds, ...row }) => ({
              domain,
              ...row,
              oldest_seconds: oldestSeconds,
            }));
          }),
        );
        return { status: 200, body: { items: states.flat() } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/outbox/parked',
      summary: 'Deliveries that are parked, oldest first',
      tag: 'Operations',
      access: 'outbox:read',
      rate: 'read',
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) }),
      responses: {
        200: { description: 'The deliveries.', body: z.object({ items: z.array(parkedDelivery) }) },
      },
      handler: async ({ query: { limit } }) => {
        const parked = await Promise.all(
          publishingDomains.map(async (domain) => {
            const rows = await database.read(domain, ({ sql }) => listParked(sql, domain, limit));
            return rows.map((row) => ({
              domain,
              consumer: row.consumer,
              position: row.position,
              event_id: row.eventId,
              type: row.type,
              tenant_id: row.tenantId,
              subject: row.subject,
              attempts: row.attempts,
              parked_at: row.parkedAt.toISOString(),
              last_error: row.lastError,
              waiting_behind: row.waiting,
            }));
          }),
        );
        const oldest = parked.flat().sort((a, b) => a.parked_at.localeCompare(b.parked_at));
        return { status: 200, body: { items: oldest.slice(0, limit) } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/outbox/:domain/:consumer/:position/replay',
      summary: 'Deliver a parked event again',
      tag: 'Operations',
      access: 'outbox:write',
      rate: 'write',
      params: z.object({
        domain: domainName,
        consumer: z.enum(consumers),
        position: z.string().regex(/^[1-9]\d{0,17}$/),
      }),
      responses: { 202: { description: 'It is due at once.' } },
      failures: ['request.not_found'],
      handler: async ({ params: { domain, consumer, position } }) => {
        const replayed = await database.transaction(domain, ({ sql }) =>
          replayParked(sql, domain, consumer, position),
        );
        if (!replayed) throw new Failure('request.not_found', 'No such delivery is parked.');
        return { status: 202 };
      },
    }),
  ];
}
