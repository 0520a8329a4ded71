import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import {
  advanceEntity,
  lockEntity,
  lockInbound,
  settleAttempt,
  type InboundEvent,
  type Settlement,
} from '../../db/webhooks/inbound-attempt.ts';
import { waitForSubjects } from '../../db/webhooks/inbound-subjects.ts';
import type { StoredSource } from '../../db/webhooks/source.repository.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import { Failure } from '../../domain/failure.ts';
import { attemptable, parkedHours, retryAfter } from '../../domain/webhooks/inbound/event-state.ts';
import { parseExact } from '../../domain/webhooks/inbound/exact-json.ts';
import { isStale } from '../../domain/webhooks/inbound/precedence.ts';
import { readEvent, type ReadEvent } from '../../domain/webhooks/inbound/readers.ts';
import type { Reading } from '../../domain/webhooks/inbound/reading.ts';
import { isBusy, isOutage } from '../../platform/outage.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import type { InboundActivities, InboundOutcome } from '../../workflows/webhooks/messages.ts';
import type { WorkerServices } from '../services.ts';

/** @param read reads an event; tests hand in one that fails */
export function createInboundActivities(
  { database, config, metrics, log }: Pick<WorkerServices, 'database' | 'config' | 'metrics' | 'log'>,
  read: ReadEvent = readEvent,
): InboundActivities {
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);

  async function process(
    transaction: Transaction,
    event: InboundEvent,
    source: StoredSource,
    attempt: number,
  ): Promise<Settlement> {
    if (event.body === null) throw new Failure('webhooks.inbound_erased', 'What stood in it was erased.');
    const body = parseExact(secrets.openBody(event.tenantId, event.deliveryId, event.body));
    const reading = read(source, { topic: event.topic, headers: event.headers, body });
    const settlement: Settlement = reading
      ? await settle(transaction, event, source, reading)
      : { state: 'ignored' };
    await settleAttempt(transaction.sql, event.id, attempt, settlement);
    return settlement;
  }

  /** Notes a failure in a transaction of its own, as that of the attempt is undone. */
  async function fail(
    tenantId: string,
    inboundId: string,
    attempt: number,
    error: unknown,
  ): Promise<InboundOutcome> {
    return await database.transaction('webhooks', async ({ sql, publish }) => {
      const found = await lockInbound(sql, tenantId, inboundId);
      if (!found || !isOpen(found.event, attempt)) return outcomeOf(found?.event ?? null);
      const { event, source } = found;
      const told = toldOf(error);
      const dueIn = told.final ? null : retryAfter(event.failures + 1, Math.random());
      const state = dueIn === null ? 'dead' : 'retrying';
      await settleAttempt(sql, inboundId, attempt, { state, error: told, dueIn });
      if (state === 'dead') await publish(deadEvent(event, told.code));
      metrics.inboundAttempts.inc({ kind: source.kind, state });
      log.warn(
        { err: error, inbound_id: inboundId, state, code: told.code },
        'a webhook could not be processed',
      );
      return { state, retryIn: dueIn };
    });
  }

  return {
    attemptInbound: async ({ inboundId, tenantId, attempt }) => {
      try {
        return await database.transaction('webhooks', async (transaction) => {
          const found = await lockInbound(transaction.sql, tenantId, inboundId);
          if (!found || !isOpen(found.event, attempt)) return outcomeOf(found?.event ?? null);
          const { event, source } = found;
          const { state } = await process(transaction, event, source, attempt);
          metrics.inboundAttempts.inc({ kind: source.kind, state });
          return { state, retryIn: null };
        });
      } catch (error) {
        if (isOutage(error) || isBusy(error)) throw error;
        return await fail(tenantId, inboundId, attempt, error);
      }
    },
  };
}

/** Whether an attempt is still to be made: what is done stays done, and one that was made is not made again. */
function isOpen(event: InboundEvent, attempt: number): boolean {
  return event.attempts < attempt && attemptable.includes(event.state);
}

function outcomeOf(event: InboundEvent | null): InboundOutcome {
  return { state: event?.state ?? 'gone', retryIn: null };
}

/** Decides what an event that was read leads to, and does it. */
async function settle(
  { sql, publish }: Transaction,
  event: InboundEvent,
  source: StoredSource,
  reading: Reading,
): Promise<Settlement> {
  const { entity, occurredAt, subjects } = reading;
  if (source.holdUnknown && subjects.length > 0) {
    const { known } = await waitForSubjects(sql, event.tenantId, event.id, subjects);
    if (!known) {
      const message = 'What it speaks of is not known here yet.';
      return {
        state: 'parked',
        occurredAt,
        error: { code: 'webhooks.subject_unknown', message },
        dueIn: parkedHours * 3_600,
      };
    }
  }
  const known = entity && (await lockEntity(sql, event, entity));
  const stale = known !== null && known.version > 0 && isStale(known, reading);
  const version =
    known === null ? 1 : stale ? known.version : await advanceEntity(sql, known.id, event.id, reading);
  const effect: NewEvent & { id: string } = {
    id: uuidv7(),
    type: stale ? 'webhook.stale' : reading.event,
    tenantId: event.tenantId,
    subject: known ? `webhook-entity:${known.id}` : `inbound:${event.id}`,
    traceId: event.traceId,
    data: {
      inbound_id: event.id,
      source_id: source.id,
      provider: source.kind,
      topic: event.topic,
      entity: entity && known && entityOf(source, known.id, entity),
      version,
      first: version === 1,
      occurred_at: occurredAt?.toISOString() ?? null,
      ...reading.facts,
    },
  };
  await publish(effect);
  return {
    state: stale ? 'stale' : 'processed',
    entityId: known?.id ?? null,
    occurredAt,
    effects: [{ event_id: effect.id, type: effect.type, subject: effect.subject }],
  };
}

/** The IDs of known providers name things. What a generic source uses as an ID might name a person. */
function entityOf(
  { kind }: StoredSource,
  id: string,
  entity: NonNullable<Reading['entity']>,
): Record<string, string | null> {
  return { id, kind: entity.kind, external_id: kind === 'generic' ? null : entity.externalId };
}

/** Told to whoever looks after it. */
function deadEvent({ id, tenantId, sourceId, topic, traceId }: InboundEvent, cause: string): NewEvent {
  return {
    type: 'webhook.dead',
    tenantId,
    traceId,
    subject: `inbound:${id}`,
    data: { source_id: sourceId, topic, cause },
  };
}

/** What may be told of an error: one without a code might quote the body. */
function toldOf(error: unknown): { code: string; message: string; final: boolean } {
  if (error instanceof Failure) {
    const passing = error.kind === 'unavailable' || error.kind === 'rate_limited';
    return { code: error.code, message: error.message, final: !passing };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return { code: 'internal', message: `${name}; see the worker's log`, final: false };
}
