import { v7 as uuidv7 } from 'uuid';
import type { Attempt } from '../../db/webhooks/attempt.ts';
import type { ClaimedDelivery } from '../../db/webhooks/claims.ts';
import type { AttemptResult } from '../../db/webhooks/results.ts';
import { isSecretHeader, mask } from '../../domain/webhooks/custom-headers.ts';
import { attemptTimeoutMs, keptAnswerBytes, webhookId } from '../../domain/webhooks/endpoint.ts';
import { judge, type ReceiverAnswer } from '../../domain/webhooks/verdict.ts';
import { ifOpens, SecretBox, type KeyRing } from '../../platform/crypto/secret-box.ts';
import { webhookHeaders } from '../../platform/crypto/webhook-signature.ts';
import type { Resolver } from '../../platform/http/guarded-agent.ts';
import { OutboundClient, type OutboundResult } from '../../platform/http/outbound.ts';
import { openHeaders, openSecret } from './endpoint-secrets.ts';

/** Bytes of the names and values of an answer's headers that are kept. */
const keptHeaderBytes = 4_096;

interface SenderParts {
  keys: KeyRing;
  /** `host:port` pairs that may be reached on private addresses. */
  allowPrivate: readonly string[];
  resolve?: Resolver;
  /** For the whole of an attempt; that of the schedule unless a test is in a hurry. */
  timeoutMs?: number;
}

/** Sends messages to endpoints, one attempt at a time, and tells what came of it. It raises nothing but bugs. */
export class Sender {
  readonly #box: SecretBox;
  readonly #outbound: OutboundClient;
  readonly #timeoutMs: number;

  constructor({ keys, allowPrivate, resolve, timeoutMs = attemptTimeoutMs }: SenderParts) {
    this.#box = new SecretBox(keys);
    this.#timeoutMs = timeoutMs;
    this.#outbound = new OutboundClient({ allowPrivate, ...(resolve ? { resolve } : {}) });
  }

  async send(delivery: ClaimedDelivery): Promise<AttemptResult> {
    const startedAt = new Date(delivery.claimedAt);
    const request = this.#requestOf(delivery, startedAt);
    if (request === null) return resultOf(delivery, startedAt, {}, unreadable);
    const result = await this.#outbound.send({
      url: delivery.url,
      method: 'POST',
      headers: request.headers,
      body: delivery.body,
      hosts: 'any',
      timeoutMs: this.#timeoutMs,
      maxRedirects: 0,
      maxResponseBytes: keptAnswerBytes,
      largerResponse: 'cut',
    });
    return resultOf(delivery, startedAt, request.shown, result);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#outbound.close();
  }

  /** The headers as sent and as shown; null when the secrets can't be opened, as their key is gone. */
  #requestOf(
    delivery: ClaimedDelivery,
    now: Date,
  ): { headers: Record<string, string>; shown: Record<string, string> } | null {
    const owner = { tenantId: delivery.tenantId, endpointId: delivery.endpointId };
    return ifOpens(() => {
      const secrets = [delivery.secret, ...delivery.oldSecrets.map(({ sealed }) => sealed)].map((sealed) =>
        openSecret(this.#box, owner, sealed),
      );
      const custom = openHeaders(this.#box, owner, delivery.headers);
      const own = {
        'user-agent': 'Perdure-Webhooks/1.0 (+https://www.standardwebhooks.com)',
        ...webhookHeaders(secrets, webhookId(delivery.messageId), delivery.body, now),
      };
      const headers = { ...custom, ...own };
      const shown = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? mask : value]),
      );
      return { headers, shown };
    });
  }
}

const unreadable = {
  ok: false,
  code: 'secret_unreadable',
  message:
    'The secret or the headers of the endpoint can no longer be opened: rotate it, and set the headers anew.',
  elapsedMs: 0,
} as const;

function resultOf(
  delivery: ClaimedDelivery,
  startedAt: Date,
  requestHeaders: Record<string, string>,
  result: OutboundResult | typeof unreadable,
): AttemptResult {
  const answer: ReceiverAnswer = result.ok
    ? { status: result.status, headers: result.headers }
    : { problem: problemOf(result.code) };
  const verdict = judge(answer, startedAt);
  const attempt: Attempt = {
    id: uuidv7(),
    messageId: delivery.messageId,
    endpointId: delivery.endpointId,
    tenantId: delivery.tenantId,
    number: delivery.attempt,
    trigger: delivery.trigger,
    outcome: verdict.delivered ? 'delivered' : 'failed',
    startedAt,
    milliseconds: result.elapsedMs,
    status: result.ok ? result.status : null,
    problem: result.ok ? null : problemOf(result.code),
    detail: result.ok ? null : result.message,
    requestHeaders,
    responseHeaders: result.ok ? keptHeaders(result.headers) : null,
    responseBody: result.ok ? textOf(result.body) : null,
    responseCut: result.ok && result.cut,
  };
  return { delivery, attempt, verdict, random: Math.random() };
}

/** As operators know it: a name that leads to an address of our own network. */
function problemOf(code: string): string {
  return code === 'address_refused' ? 'blocked_ip' : code;
}

/** PostgreSQL keeps no NUL in a text. */
function textOf(body: Buffer): string {
  return body.toString('utf8').replaceAll('\0', '\uFFFD');
}

function keptHeaders(headers: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    bytes += name.length + value.length;
    if (bytes > keptHeaderBytes) break;
    kept[name] = name === 'set-cookie' || isSecretHeader(name) ? mask : value.replaceAll('\0', '\uFFFD');
  }
  return kept;
}
