import { z } from 'zod';
import type {
  AttemptRecord,
  DeliveryRecord,
  InboundRecord,
  LedTo,
} from '../../db/webhooks/inbound.repository.ts';
import type { InboundReplay } from '../../db/webhooks/inbound-replay.ts';
import { inboundStates, mostReplayed, replayable } from '../../domain/webhooks/inbound/event-state.ts';
import { momentFilter } from '../page.ts';

export const inboundFilters = {
  source_id: z.uuid().optional(),
  topic: z.string().max(100).optional().meta({ example: 'orders/create' }),
  state: z.enum(inboundStates).optional(),
  event_id: z.string().max(255).optional(),
  external_id: z.string().max(255).optional().meta({ description: 'What it speaks of, by its sender’s ID.' }),
  from: momentFilter,
  to: momentFilter,
};

const moment = z.iso.datetime();

export const inboundShape = z
  .object({
    id: z.uuid(),
    source_id: z.uuid(),
    topic: z.string(),
    event_id: z.string().meta({ description: 'As its sender names the event.' }),
    state: z.enum(inboundStates),
    attempts: z.int(),
    next_attempt_at: moment.nullable(),
    occurred_at: moment.nullable().meta({ description: 'By the clock of its sender.' }),
    entity: z
      .object({
        id: z.uuid(),
        kind: z.string(),
        external_id: z.string().meta({ description: 'Exactly as it was sent, as text.' }),
        version: z.int(),
        latest_webhook: z.uuid().nullable().meta({ description: 'The webhook that its state is of.' }),
      })
      .nullable()
      .meta({ description: 'What it speaks of, as it stands by now.' }),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
    effects: z.array(z.object({ event_id: z.uuid(), type: z.string(), subject: z.string() })).meta({
      description:
        'The events that it became here: by their IDs the audit log and what was sent out name it.',
    }),
    received_at: moment,
    settled_at: moment.nullable(),
  })
  .meta({ id: 'InboundWebhook' });

export const inboundDetail = inboundShape
  .extend({
    deliveries: z.array(
      z.object({
        id: z.uuid(),
        delivery_id: z.string().meta({ description: 'As its sender names the delivery.' }),
        via: z.enum(['webhook', 'reconciliation']),
        headers: z.record(z.string(), z.string()),
        body: z.string().nullable().meta({
          description:
            'As it came; null when its time is over, when its key is no longer there, and beyond the first 8 MiB of an event.',
        }),
        body_bytes: z.int(),
        received_at: moment,
      }),
    ),
    retries: z.array(
      z.object({
        attempt: z.int(),
        outcome: z.string(),
        error: z.object({ code: z.string(), detail: z.string() }).nullable(),
        next_at: moment.nullable(),
        made_at: moment,
      }),
    ),
    messages: z
      .array(
        z.object({
          id: z.uuid(),
          type: z.string(),
          subject: z.string(),
          occurred_at: moment,
          endpoints: z.int().meta({ description: 'That it is sent to.' }),
          delivered: z.int().meta({ description: 'That have it.' }),
        }),
      )
      .meta({
        description: 'What was sent out because of it, the first hundred: see `/v1/webhooks/messages/{id}`.',
      }),
  })
  .meta({ id: 'InboundWebhookDetail' });

const replayFilters = z.strictObject({ ...inboundFilters, state: z.enum(replayable).optional() });

export const inboundReplayOrder = z
  .strictObject({
    filter: replayFilters,
    dry_run: z.boolean().default(true).meta({ description: '`false` has them tried again.' }),
  })
  .meta({ id: 'InboundReplayOrder', example: { filter: { state: 'dead' }, dry_run: true } });

export const inboundReplayView = z
  .object({
    id: z.uuid(),
    filter: z.looseObject({}).meta({ description: 'As it was asked for.' }),
    state: z.enum(['running', 'completed', 'stopped']).meta({
      description: `\`stopped\`: ${mostReplayed} were tried again, and there may be more.`,
    }),
    matching: z.int().meta({ description: 'How many there were when it was asked for.' }),
    replayed: z.int().meta({ description: 'How many are tried again by now.' }),
    created_at: moment,
    finished_at: moment.nullable(),
  })
  .meta({ id: 'InboundReplay' });

export function presentReplay(replay: InboundReplay): z.input<typeof inboundReplayView> {
  const { sourceId, topic, state, eventId, externalId, from, to } = replay.filter;
  return {
    id: replay.id,
    filter: { source_id: sourceId, topic, state, event_id: eventId, external_id: externalId, from, to },
    state: replay.state,
    matching: replay.matching,
    replayed: replay.replayed,
    created_at: replay.createdAt.toISOString(),
    finished_at: replay.finishedAt?.toISOString() ?? null,
  };
}

const iso = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());
const errorOf = (code: string | null, detail: string | null) =>
  code === null ? null : { code, detail: detail ?? '' };

export function presentInbound(record: InboundRecord): z.input<typeof inboundShape> {
  const { entityId, entityKind, externalId } = record;
  return {
    id: record.id,
    source_id: record.sourceId,
    topic: record.topic,
    event_id: record.eventId,
    state: record.state,
    attempts: record.attempts,
    next_attempt_at: iso(record.nextAt),
    occurred_at: iso(record.occurredAt),
    entity:
      entityId === null
        ? null
        : {
            id: entityId,
            kind: entityKind ?? '',
            external_id: externalId ?? '',
            version: record.entityVersion ?? 0,
            latest_webhook: record.latestEvent,
          },
    error: errorOf(record.errorCode, record.error),
    effects: record.effects,
    received_at: new Date(record.receivedAt).toISOString(),
    settled_at: iso(record.settledAt),
  };
}

export function presentDetail(
  record: InboundRecord,
  deliveries: readonly (Omit<DeliveryRecord, 'body'> & { opened: string | null })[],
  attempts: readonly AttemptRecord[],
  ledTo: readonly LedTo[],
): z.input<typeof inboundDetail> {
  return {
    ...presentInbound(record),
    deliveries: deliveries.map((delivery) => ({
      id: delivery.id,
      delivery_id: delivery.providerId,
      via: delivery.via,
      headers: delivery.headers,
      body: delivery.opened,
      body_bytes: delivery.bodyBytes,
      received_at: new Date(delivery.receivedAt).toISOString(),
    })),
    retries: attempts.map((attempt) => ({
      attempt: attempt.attempt,
      outcome: attempt.outcome,
      error: errorOf(attempt.errorCode, attempt.error),
      next_at: iso(attempt.nextAt),
      made_at: new Date(attempt.madeAt).toISOString(),
    })),
    messages: ledTo.map(({ id, type, subject, occurredAt, endpoints, delivered }) => ({
      id,
      type,
      subject,
      occurred_at: new Date(occurredAt).toISOString(),
      endpoints,
      delivered,
    })),
  };
}
