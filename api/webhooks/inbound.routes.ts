import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import {
  InboundRepository,
  type InboundFilter,
  type ReplayableEvent,
} from '../../db/webhooks/inbound.repository.ts';
import { replayable } from '../../domain/webhooks/inbound/event-state.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { idPosition, pageOf, pageQuery, Pages, requireOrder } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import {
  inboundDetail,
  inboundFilters,
  inboundShape,
  presentDetail,
  presentInbound,
} from './inbound.schemas.ts';

const tag = 'Webhooks in';
const params = z.object({ id: z.uuid() });

/** Most events of one replay by filter; the answer tells whether there are more. */
const mostReplayed = 1_000;

const filterShape = z.strictObject({ ...inboundFilters, state: z.enum(replayable).optional() });

/** The log of the webhooks that came in, and their replay. */
export function createInboundRoutes({ database, config }: Services): Route[] {
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/webhooks/inbound',
      summary: 'Webhooks that came in',
      description: 'Newest first. With `external_id` it is the timeline of one thing at its sender.',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      query: z.strictObject({ ...pageQuery, ...inboundFilters }),
      responses: { 200: { description: 'A page of them.', body: pageOf(inboundShape) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        requireOrder(query.from, query.to);
        const body = await pages.read({
          list: 'inbound-webhooks',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new InboundRepository(sql, tenantId).list(filterOf(query), limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentInbound,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhooks/inbound/:id',
      summary: 'One webhook that came in',
      description:
        'With every delivery of it, each attempt at it, what became of it, and what was sent out because of it.',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The webhook.', body: inboundDetail } },
      failures: ['webhooks.inbound_not_found'],
      handler: async ({ principal: { tenantId }, params: { id } }) =>
        await database.read('webhooks', async ({ sql }) => {
          const repository = new InboundRepository(sql, tenantId);
          const record = await repository.get(id);
          const deliveries = (await repository.deliveries(record)).map((delivery) => ({
            ...delivery,
            opened: delivery.body === null ? null : secrets.openBody(tenantId, delivery.id, delivery.body),
          }));
          const attempts = await repository.attempts(id);
          const ledTo = await repository.ledTo(record);
          return { status: 200, body: presentDetail(record, deliveries, attempts, ledTo) };
        }),
    }),
    route({
      method: 'post',
      path: '/v1/webhooks/inbound/:id/replay',
      summary: 'Try a webhook again',
      description: 'From the beginning. One that was processed stays so: it has no second effect.',
      tag,
      access: 'webhooks:write',
      rate: 'write',
      params,
      idempotency: { domain: 'webhooks', mode: 'transaction' },
      responses: { 202: { description: 'It will be tried, unless it is done.', body: inboundShape } },
      failures: ['webhooks.inbound_not_found'],
      handler: async ({ principal, params: { id } }, transaction) => {
        const repository = new InboundRepository(transaction.sql, principal.tenantId);
        await repository.get(id);
        await tellAll(transaction, principal, await repository.replay({}, id, 1));
        return { status: 202, body: presentInbound(await repository.get(id)) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/webhooks/inbound/replay',
      summary: 'Try webhooks again, by filter',
      description: `The oldest first, at most ${mostReplayed}. \`dry_run\` counts them and changes nothing.`,
      tag,
      access: 'webhooks:write',
      rate: 'write',
      body: z
        .strictObject({ filter: filterShape, dry_run: z.boolean().default(false) })
        .meta({ id: 'InboundReplay', example: { filter: { state: 'dead' }, dry_run: true } }),
      idempotency: { domain: 'webhooks', mode: 'transaction' },
      responses: {
        200: { description: 'How many there are.', body: z.object({ matching: z.int() }) },
        202: {
          description: 'They will be tried.',
          body: z.object({ matching: z.int(), replayed: z.int() }),
        },
      },
      handler: async ({ principal, body }, transaction) => {
        const repository = new InboundRepository(transaction.sql, principal.tenantId);
        const filter = filterOf(body.filter);
        const matching = await repository.countReplayable(filter);
        if (body.dry_run) return { status: 200, body: { matching } };
        const events = await repository.replay(filter, null, mostReplayed);
        await tellAll(transaction, principal, events);
        return { status: 202, body: { matching, replayed: events.length } };
      },
    }),
  ];
}

/** Each event has its processing started anew. */
async function tellAll(
  { publish }: Transaction,
  { tenantId, userId }: Principal,
  events: readonly ReplayableEvent[],
): Promise<void> {
  await publish(
    ...events.map(({ id, run, attempt }) => ({
      type: 'webhook.retry_due',
      tenantId,
      subject: `inbound:${id}`,
      actorId: userId,
      data: { run, attempt, replay: true },
    })),
  );
}

function filterOf(query: z.output<z.ZodObject<typeof inboundFilters>>): InboundFilter {
  return {
    sourceId: query.source_id,
    topic: query.topic,
    state: query.state,
    eventId: query.event_id,
    externalId: query.external_id,
    from: query.from,
    to: query.to,
  };
}
