import type { Endpoint } from '../../db/webhooks/endpoint.ts';
import type { Attempt } from '../../db/webhooks/attempt.ts';
import type { Message, MessageDelivery } from '../../db/webhooks/message.repository.ts';
import type { Recovery } from '../../db/webhooks/recovery.ts';
import { maskedHeaders } from '../../domain/webhooks/custom-headers.ts';
import { maskedSecret, webhookId } from '../../domain/webhooks/endpoint.ts';
import { ifOpens, type SecretBox } from '../../platform/crypto/secret-box.ts';
import { openHeaders, openSecret } from '../../services/webhooks/endpoint-secrets.ts';

/**
 * An endpoint as its owner sees it, its secret masked unless it is to be shown this once. What can no longer be opened is shown as
 * nothing.
 */
export function presentEndpoint(box: SecretBox, endpoint: Endpoint, secret?: string) {
  const owner = { tenantId: endpoint.tenantId, endpointId: endpoint.id };
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes,
    payload_version: endpoint.payloadVersion,
    ordering: endpoint.ordering,
    rate_per_second: endpoint.ratePerSecond,
    headers: maskedHeaders(ifOpens(() => openHeaders(box, owner, endpoint.headers)) ?? {}),
    state: endpoint.state,
    disabled_reason: endpoint.disabledReason,
    secret: secret ?? maskedSecret(ifOpens(() => openSecret(box, owner, endpoint.secret)) ?? ''),
    old_secrets: endpoint.oldSecrets.map(({ until }) => ({ until })),
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  };
}

export function presentRecovery(recovery: Recovery) {
  return {
    id: recovery.id,
    endpoint_id: recovery.endpointId,
    kind: recovery.kind,
    since: recovery.since.toISOString(),
    until: recovery.until.toISOString(),
    state: recovery.state,
    sent: recovery.sent,
    created_at: recovery.createdAt.toISOString(),
    finished_at: recovery.finishedAt?.toISOString() ?? null,
  };
}

export function presentMessage(message: Message) {
  return {
    id: message.id,
    webhook_id: webhookId(message.id),
    type: message.type,
    subject: message.subject,
    occurred_at: message.occurredAt.toISOString(),
    created_at: message.createdAt.toISOString(),
  };
}

export function presentDelivery(delivery: MessageDelivery) {
  return {
    message_id: delivery.messageId,
    message_type: delivery.messageType,
    endpoint_id: delivery.endpointId,
    trigger: delivery.trigger,
    state: delivery.state,
    attempts: delivery.attempts,
    under_way: delivery.underWay,
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    last_status: delivery.lastStatus,
    last_problem: delivery.lastProblem,
    delivered_at: delivery.deliveredAt?.toISOString() ?? null,
    exhausted_at: delivery.exhaustedAt?.toISOString() ?? null,
    created_at: delivery.createdAt.toISOString(),
  };
}

export function presentAttempt(attempt: Attempt) {
  return {
    id: attempt.id,
    message_id: attempt.messageId,
    endpoint_id: attempt.endpointId,
    number: attempt.number,
    trigger: attempt.trigger,
    outcome: attempt.outcome,
    started_at: attempt.startedAt.toISOString(),
    milliseconds: attempt.milliseconds,
    status: attempt.status,
    problem: attempt.problem,
    detail: attempt.detail,
    request: { headers: attempt.requestHeaders },
    response:
      attempt.status === null
        ? null
        : {
            headers: attempt.responseHeaders ?? {},
            body: attempt.responseBody ?? '',
            cut: attempt.responseCut,
          },
  };
}
