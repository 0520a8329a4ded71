import { v7 as uuidv7 } from 'uuid';
import type { DeliveryState } from '../../domain/notifications/notice.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { ClaimedMail } from './claims.ts';
import { suppress } from './suppressions.ts';

export const attemptOutcomes = [
  'sent',
  'deferred',
  'refused',
  'unreachable',
  'unknown',
  'suppressed',
  'skipped',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** What is written down of an attempt at a mail. */
export interface MailResult {
  mail: ClaimedMail;
  outcome: AttemptOutcome;
  milliseconds: number;
  status: number | null;
  /** What the server has said, or what was wrong; no address stands in it. */
  answer: string | null;
  addressId: string | null;
  /** `pending`: it is tried again. */
  state: DeliveryState;
  /** Milliseconds until then. */
  waitMs: number;
  /** The address gets nothing more. */
  bounced: boolean;
}

/**
 * Writes down what came of an attempt, if its mail still bears the claim that it was made under: a process that was given up for dead
 * changes nothing. Attempt, state, suppression and event are one transaction.
 *
 * @returns whether it counted
 */
export async function settleMail(transaction: Transaction, result: MailResult): Promise<boolean> {
  const { sql, publish } = transaction;
  const { mail, outcome, state } = result;
  const rows = await sql(
    `update notifications.deliveries
     set claim = null, claimed_at = null, state = $3, address_id = coalesce($4, address_id),
       deferred = deferred + case when $5 = 'deferred' then 1 else 0 end,
       unreachable = case when $5 = 'unreachable' then unreachable + 1 else 0 end,
       unknown = unknown + case when $5 = 'unknown' then 1 else 0 end,
       last_status = $6, last_problem = $7, due_at = clock_timestamp() + make_interval(secs => $8::float8 / 1000),
       ended_at = case when $3 = 'pending' then null else clock_timestamp() end
     where id = $1 and claim = $2 and state = 'pending' returning id`,
    [
      mail.id,
      mail.claim,
      state,
      result.addressId,
      outcome,
      result.status,
      outcome === 'sent' ? null : result.answer,
      result.waitMs,
    ],
  );
  if (rows.length === 0) return false;
  await noteAttempt(sql, mail, mail.attempt, mail.claimedAt, result);
  if (result.bounced && result.addressId) {
    await suppress(transaction, {
      tenantId: mail.tenantId,
      addressId: result.addressId,
      category: null,
      reason: 'bounce',
      detail: result.answer,
      createdBy: null,
    });
  }
  if (state === 'failed' || state === 'unknown') await publish(endOf(mail, state, result.status));
  return true;
}

/** Puts a mail back whose time has not come after all. It was not attempted. */
export async function holdMail(sql: Sql, mail: ClaimedMail, until: Date): Promise<void> {
  await sql(
    `update notifications.deliveries set claim = null, claimed_at = null, attempts = attempts - 1, due_at = $3
     where id = $1 and claim = $2 and state = 'pending'`,
    [mail.id, mail.claim, until],
  );
}

/**
 * Writes down the attempt that a process has died over. Nobody knows whether the mail server had taken the mail by then.
 *
 * @param over no attempt follows
 */
export async function noteLostAttempt(
  { sql, publish }: Transaction,
  mail: ClaimedMail,
  over: boolean,
): Promise<void> {
  if (!mail.lostSince) return;
  await noteAttempt(sql, mail, mail.attempt - 1, mail.lostSince, {
    outcome: 'unknown',
    milliseconds: null,
    status: null,
    answer: 'The process that sent it has ended. Whether the mail server had it is not known.',
  });
  if (!over) return;
  await sql(
    `update notifications.deliveries
     set claim = null, claimed_at = null, attempts = attempts - 1, state = 'unknown', ended_at = clock_timestamp()
     where id = $1 and claim = $2`,
    [mail.id, mail.claim],
  );
  await publish(endOf(mail, 'unknown', null));
}

function endOf(mail: ClaimedMail, state: 'failed' | 'unknown', status: number | null) {
  return {
    type: `notification.delivery_${state}`,
    tenantId: mail.tenantId,
    subject: `notification-delivery:${mail.id}`,
    data: { delivery_id: mail.id, channel: 'email', category: mail.category, status },
  };
}

async function noteAttempt(
  sql: Sql,
  { id, tenantId }: ClaimedMail,
  number: number,
  startedAt: Date,
  told: {
    outcome: AttemptOutcome;
    milliseconds: number | null;
    status: number | null;
    answer: string | null;
  },
): Promise<void> {
  await sql(
    `insert into notifications.attempts (id, delivery_id, tenant_id, number, outcome, started_at, milliseconds, status, answer)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [uuidv7(), id, tenantId, number, told.outcome, startedAt, told.milliseconds, told.status, told.answer],
  );
}
