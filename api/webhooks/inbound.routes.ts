import { z } from 'zod';
import { InboundReplayRepository } from '../../db/webhooks/inbound-replay.ts';
import { InboundRepository, type InboundFilter } from '../../db/webhooks/inbound.repository.ts';
import { mostReplayed } from '../../domain/webhooks/inbound/event-state.ts';
import { ifOpens } from '../../platform/crypto/secret-box.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { idPosition, pageOf, pageQuery, Pages, requireOrder } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import {
  inboundDetail,
  inboundFilters,
  inboundReplayOrder,
  inboundReplayView,
  inboundShape,
  presentDetail,
  presentInbound,
  presentReplay,
} from './inbound.schemas.ts';

const tag = 'Webhooks in';
const params = z.object({ id: z.uuid() });

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
          const deliveries = (await repository.deliveries(record)).map(({ body, ...delivery }) => ({
            ...delivery,
            opened: body === null ? null : ifOpens(() => secrets.openBody(tenantId, delivery.id, body)),
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
        const { tenantId, userId } = principal;
        const repository = new InboundRepository(transaction.sql, tenantId);
        await repository.get(id);
        const event = await repository.replayOne(id);
        // Its processing is started anew.
        if (event)
          await transaction.publish({
            type: 'webhook.retry_due',
            tenantId,
            subject: `inbound:${id}`,
            actorId: userId,
            data: { run: event.run, attempt: event.attempt, replay: true },
          });
        return { status: 202, body: presentInbound(await repository.get(id)) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/webhooks/inbound/replay',
      summary: 'Try webhooks again, by filter',
      description:
        'First it only counts them. With `dry_run: false` they are tried again in the background, the oldest first, some hundreds at ' +
        `a time, at most ${mostReplayed}. What comes in meanwhile is not among them.`,
      tag,
      access: 'webhooks:write',
      rate: 'write',
      body: inboundReplayOrder,
      idempotency: { domain: 'webhooks', mode: 'transaction' },
      responses: {
        200: { description: 'How many there are.', body: z.object({ matching: z.int() }) },
        202: {
          description: 'They will be tried.',
          body: inboundReplayView,
          headers: { Location: 'Where its progress is found.' },
        },
      },
      handler: async ({ principal, body, traceId }, { sql, publish }) => {
        const { tenantId, userId } = principal;
        const filter = filterOf(body.filter);
        const matching = await new InboundRepository(sql, tenantId).countReplayable(filter);
        if (body.dry_run) return { status: 200, body: { matching } };
        const wish = { filter, matching, createdBy: userId };
        const replay = await new InboundReplayRepository(sql, tenantId).create(wish);
        await publish({
          type: 'webhooks.replay_requested',
          tenantId,
          subject: `webhook-replay:${replay.id}`,
          actorId: userId,
          traceId,
          data: { replay_id: replay.id, matching },
        });
        const headers = { Location: `/v1/webhooks/inbound/replays/${replay.id}` };
        return { status: 202, headers, body: presentReplay(replay) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhooks/inbound/replays/:id',
      summary: 'How far a replay has come',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The replay.', body: inboundReplayView } },
      failures: ['webhooks.replay_not_found'],
      handler: async ({ principal: { tenantId }, params: { id } }) => {
        const replay = await database.read('webhooks', ({ sql }) =>
          new InboundReplayRepository(sql, tenantId).get(id),
        );
        return { status: 200, body: presentReplay(replay) };
      },
    }),
  ];
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
