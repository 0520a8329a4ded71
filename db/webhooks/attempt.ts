import type { AttemptOutcome, Trigger } from '../../domain/webhooks/endpoint.ts';
import type { Sql } from '../sql.ts';

/** One request to an endpoint, and what came of it. */
export interface Attempt {
  id: string;
  messageId: string;
  endpointId: string;
  tenantId: string;
  number: number;
  trigger: Trigger;
  outcome: AttemptOutcome;
  startedAt: Date;
  milliseconds: number | null;
  /** Null without an answer. */
  status: number | null;
  /** Why there is no answer, as a code, and in words. */
  problem: string | null;
  detail: string | null;
  /** As sent, secrets masked. */
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string> | null;
  /** At most its first 20,000 bytes. */
  responseBody: string | null;
  responseCut: boolean;
}

export const attemptColumns = `id, message_id as "messageId", endpoint_id as "endpointId", tenant_id as "tenantId", number,
  trigger, outcome, started_at as "startedAt", milliseconds, status, problem, detail,
  request_headers as "requestHeaders", response_headers as "responseHeaders", response_body as "responseBody",
  response_cut as "responseCut"`;

/** Writes attempts down. Of a message that is gone by now nothing is kept. */
export async function insertAttempts(sql: Sql, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await sql(
    `insert into webhooks.attempts (id, message_id, endpoint_id, tenant_id, number, trigger, outcome, started_at,
       milliseconds, status, problem, detail, request_headers, response_headers, response_body, response_cut)
     select given.id, "messageId", "endpointId", "tenantId", number, trigger, outcome, "startedAt", milliseconds, status,
       problem, detail, "requestHeaders", "responseHeaders", "responseBody", "responseCut"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, "messageId" uuid, "endpointId" uuid, "tenantId" uuid,
       number integer, trigger text, outcome text, "startedAt" timestamptz, milliseconds float8, status integer,
       problem text, detail text, "requestHeaders" jsonb, "responseHeaders" jsonb, "responseBody" text,
       "responseCut" boolean) join webhooks.messages m on m.id = "messageId"`,
    [JSON.stringify(attempts)],
  );
}
