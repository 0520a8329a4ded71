import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { readDatabaseNow } from '../../db/now.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import type { Endpoint } from '../../db/webhooks/endpoint.ts';
import { RecoveryRepository, type RecoveryKind } from '../../db/webhooks/recovery.ts';
import { resendMessage } from '../../db/webhooks/resending.ts';
import { noteTest, storeTestMessage } from '../../db/webhooks/test-message.ts';
import { versionFor } from '../../domain/events/public-event.ts';
import { Failure } from '../../domain/failure.ts';
import { recoverableDays, testType } from '../../domain/webhooks/endpoint.ts';
import { bodyOf, findPublicEvent } from '../../domain/webhooks/public-events.ts';
import { Sender } from '../../services/webhooks/sender.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { presentAttempt, presentRecovery } from './endpoint.presenter.ts';
import { endpointParams, endpointTag } from './endpoint.routes.ts';
import { attemptView, recoveryOrder, recoveryView } from './endpoint.schemas.ts';

const idempotency = { domain: 'webhooks', mode: 'transaction' } as const;

/** What is sent to an endpoint at its owner's wish: tests, single messages again, and all that a time has left. */
export function createEndpointSendingRoutes(services: Services): Route[] {
  const { config, database } = services;
  const sender = new Sender({ keys: config.ENCRYPTION_KEYS, allowPrivate: config.OUTBOUND_ALLOW_PRIVATE });
  services.onStop(() => sender.close());

  const recover = (name: string, kind: RecoveryKind, summary: string, description: string): Route =>
    route({
      method: 'post',
      path: `/v1/webhook-endpoints/:id/${name}`,
      summary,
      description,
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      body: recoveryOrder,
      idempotency,
      responses: {
        202: {
          description: 'It is done in the background.',
          body: recoveryView,
          headers: { Location: 'Where its progress is found.' },
        },
      },
      failures: [
        'webhooks.endpoint_not_found',
        'webhooks.endpoint_disabled',
        'webhooks.recovery_too_old',
        'webhooks.recovery_range',
      ],
      handler: async (request, transaction) => {
        const { id } = request.params;
        const endpoint = await takingEndpoint(transaction, request, id);
        const { since, until } = rangeOf(request.body, await readDatabaseNow(transaction.sql));
        const { tenantId, userId } = request.principal;
        const recovery = await new RecoveryRepository(transaction.sql, tenantId).create({
          endpointId: endpoint.id,
          kind,
          since,
          until,
          createdBy: userId,
        });
        await transaction.publish({
          type: 'endpoint.recovery_requested',
          tenantId,
          subject: `webhook-recovery:${recovery.id}`,
          data: { endpoint_id: id, recovery_id: recovery.id, kind },
          actorId: userId,
          traceId: request.traceId,
        });
        const headers = { Location: `/v1/webhook-endpoints/${id}/recoveries/${recovery.id}` };
        return { status: 202, headers, body: presentRecovery(recovery) };
      },
    });

  return [
    route({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/test',
      summary: 'Send a test message',
      description:
        'Sends one message now, signed like all others, and answers with what came of it. An endpoint that is paused or disabled can be ' +
        'tried out too. Nothing is repeated, and nothing is held against the endpoint.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: endpointParams,
      body: z.strictObject({
        type: z.string().max(100).optional().meta({
          description: 'Sends the example of this type of event. Without it: `webhook.test`.',
          example: 'batch.completed',
        }),
      }),
      idempotency: { domain: 'webhooks', mode: 'leased', leaseSeconds: 60 },
      responses: { 200: { description: 'What came of it.', body: attemptView } },
      failures: ['webhooks.endpoint_not_found', 'webhooks.event_type_unknown'],
      handler: async ({ params: { id }, principal: { tenantId }, body: { type } }) => {
        const delivery = await database.transaction('webhooks', async ({ sql }) => {
          const endpoint = await new EndpointRepository(sql, tenantId).get(id);
          const now = await readDatabaseNow(sql);
          return await storeTestMessage(sql, endpoint, {
            id: uuidv7(),
            claim: uuidv7(),
            type: testType,
            subject: `webhook-endpoint:${id}`,
            body: testBody(endpoint, type, now.toISOString()),
            now,
          });
        });
        const { attempt } = await sender.send(delivery);
        await database.transaction('webhooks', ({ sql }) => noteTest(sql, attempt));
        return { status: 200, body: presentAttempt(attempt) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/messages/:message/resend',
      summary: 'Send a message again',
      description:
        'At once, whatever has come of it so far, and then by the schedule from its beginning. It bears the same `webhook-id`. One that is ' +
        'under way just now is left to its end.',
      tag: endpointTag,
      access: 'webhooks:write',
      rate: 'write',
      params: z.object({ id: z.uuid(), message: z.uuid() }),
      idempotency,
      responses: { 202: { description: 'It is on its way.' } },
      failures: ['webhooks.endpoint_not_found', 'webhooks.message_not_found', 'webhooks.endpoint_disabled'],
      handler: async (request, transaction) => {
        const { id, message } = request.params;
        const endpoint = await takingEndpoint(transaction, request, id);
        await resendMessage(transaction, endpoint, message);
        const { tenantId, userId } = request.principal;
        await transaction.publish({
          type: 'message.resend_requested',
          tenantId,
          subject: `webhook-endpoint:${id}`,
          data: { endpoint_id: id, message_id: message },
          actorId: userId,
          traceId: request.traceId,
        });
        return { status: 202 };
      },
    }),
    recover(
      'recover',
      'failed',
      'Send again what has failed since a moment',
      'Everything that has not arrived: what was given up, and what waits for another attempt. At most 10,000 messages at a time.',
    ),
    recover(
      'replay-missing',
      'missing',
      'Send what an endpoint was never sent',
      'Messages that its present filters let through and that it was never sent: it was made, or enabled, or its filters were widened, ' +
        'after them. At most 10,000 messages at a time.',
    ),
    route({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/recoveries/:recovery',
      summary: 'How far a recovery has come',
      tag: endpointTag,
      access: 'webhooks:read',
      rate: 'read',
      params: z.object({ id: z.uuid(), recovery: z.uuid() }),
      responses: { 200: { description: 'The recovery.', body: recoveryView } },
      failures: ['webhooks.recovery_not_found'],
      handler: async ({ params, principal: { tenantId } }) => {
        const recovery = await database.read('webhooks', ({ sql }) =>
          new RecoveryRepository(sql, tenantId).get(params.recovery),
        );
        if (recovery.endpointId !== params.id)
          throw new Failure('webhooks.recovery_not_found', 'There is no such recovery.');
        return { status: 200, body: presentRecovery(recovery) };
      },
    }),
  ];
}

/** An endpoint that may be sent something. */
async function takingEndpoint(
  { sql }: Transaction,
  { principal }: Pick<Request, 'principal'>,
  id: string,
): Promise<Endpoint> {
  const endpoint = await new EndpointRepository(sql, principal.tenantId).lock(id);
  if (endpoint.state === 'disabled')
    throw new Failure('webhooks.endpoint_disabled', 'The endpoint is disabled; enable it first.');
  return endpoint;
}

const dayMs = 86_400_000;

function rangeOf({ since, until }: z.output<typeof recoveryOrder>, now: Date): { since: Date; until: Date } {
  const range = { since: new Date(since), until: until === undefined ? now : new Date(until) };
  if (range.since.getTime() < now.getTime() - recoverableDays * dayMs) {
    throw new Failure('webhooks.recovery_too_old', 'Messages can be recovered for 14 days.', {
      issues: [{ pointer: '/body/since', message: `It lies more than ${recoverableDays} days back.` }],
    });
  }
  if (range.since >= range.until) {
    throw new Failure('webhooks.recovery_range', 'There is no time between the two moments.', {
      issues: [{ pointer: '/body/since', message: 'It does not lie before `until`, or now.' }],
    });
  }
  return range;
}

function testBody(endpoint: Endpoint, type: string | undefined, occurredAt: string): string {
  if (type === undefined) return bodyOf(testType, occurredAt, { endpoint_id: endpoint.id });
  const event = findPublicEvent(type);
  if (!event) {
    throw new Failure('webhooks.event_type_unknown', 'There is no such type of event.', {
      issues: [{ pointer: '/body/type', message: 'GET /v1/webhooks/event-types lists them.' }],
    });
  }
  return bodyOf(type, occurredAt, versionFor(event, endpoint.payloadVersion).example);
}
