import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import { countRows } from '../count-rows.ts';
import type { Database, Transaction } from '../database.ts';
import type { Domain } from '../../domain/domains.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { giveUpLease, keepLease, takeLease } from './lease.ts';

/** Who sent a command under which key, and what was in it. */
export interface CommandKey {
  /** The caller the key belongs to: keys of different callers never meet. */
  scope: string;
  /** The `Idempotency-Key` of the request. */
  key: string;
  /** Hash of the route and the body: the same key with another one is refused. */
  fingerprint: string;
  /** Seals the body of the answer, which shows a secret. Without it the body is stored as it is. */
  box?: SecretBox;
}

/** A stored answer. It is plain JSON, so that a repeated request gets the very same bytes. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface CommandAnswer {
  answer: Answer;
  /** True when the answer is the stored one of an earlier, equal request. */
  replayed: boolean;
}

interface CommandRow {
  fingerprint: string;
  status: number | null;
  headers: Record<string, string> | null;
  body: unknown;
  leased: boolean;
}

/**
 * Runs a command once a key: its effect, its events and its stored answer are one transaction. An equal request that
 * comes meanwhile waits for the first and gets the same answer; one that failed leaves nothing and may be tried again.
 */
export async function runCommand(
  database: Database,
  domain: Domain,
  command: CommandKey | null,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<CommandAnswer> {
  return await database.transaction(domain, async (transaction) => {
    if (!command) return { answer: await work(transaction), replayed: false };
    const { sql } = transaction;
    // The unique key makes an equal request wait here until this transaction has ended, either way.
    const inserted = await sql(
      `insert into ${domain}.commands (scope, key, fingerprint) values ($1, $2, $3)
       on conflict do nothing returning key`,
      [command.scope, command.key, command.fingerprint],
    );
    if (inserted.length === 0) return { answer: await storedAnswer(sql, domain, command), replayed: true };
    const answer = await work(transaction);
    await storeAnswer(sql, domain, command, answer);
    return { answer, replayed: false };
  });
}

/**
 * The same for work that calls the outside and so can't be one transaction: the key is taken first, under a lease, which
 * is kept for as long as the work goes on. Should the process die, an equal request may do the work again once the lease
 * is over; the work itself must bear that.
 *
 * @param leaseSeconds for which the key stays taken without a sign of life
 */
export async function runLeasedCommand(
  database: Database,
  domain: Domain,
  command: CommandKey | null,
  leaseSeconds: number,
  work: () => Promise<Answer>,
): Promise<CommandAnswer> {
  if (!command) return { answer: await work(), replayed: false };
  const lease = await takeLease(database, domain, command, leaseSeconds);
  if (lease === null)
    return {
      answer: await database.read(domain, ({ sql }) => storedAnswer(sql, domain, command)),
      replayed: true,
    };
  const kept = keepLease(database, domain, command, lease, leaseSeconds);
  let answer: Answer;
  try {
    answer = await work();
  } catch (error) {
    const last = await kept.end();
    // The work's own error is the one to tell. A key that stays taken is free again when the lease is over.
    await database.read(domain, ({ sql }) => giveUpLease(sql, domain, command, last)).catch(() => undefined);
    throw error;
  }
  const last = await kept.end();
  await database.read(domain, ({ sql }) => storeAnswer(sql, domain, command, answer, last));
  return { answer, replayed: false };
}

async function storedAnswer(sql: Sql, domain: Domain, command: CommandKey): Promise<Answer> {
  const [row] = await sql<CommandRow>(
    `select fingerprint, status, headers, body, coalesce(lease_until > now(), false) as leased
     from ${domain}.commands where scope = $1 and key = $2`,
    [command.scope, command.key],
  );
  if (row && row.fingerprint !== command.fingerprint) {
    throw new Failure('idempotency.key_reused', 'This Idempotency-Key was used for another request.');
  }
  if (!row || row.status === null) {
    throw new Failure('idempotency.in_progress', 'An equal request is still being worked on.', {
      retryAfter: 1,
    });
  }
  return { status: row.status, headers: row.headers ?? {}, body: openBody(command, row.body) };
}

/** A string is a sealed body: every other body is an object. */
function openBody({ box, ...command }: CommandKey, stored: unknown): unknown {
  if (!box || typeof stored !== 'string') return stored ?? undefined;
  return JSON.parse(box.open(stored, contextOf(command)));
}

function sealBody({ box, ...command }: CommandKey, body: unknown): unknown {
  return box && body !== undefined ? box.seal(JSON.stringify(body), contextOf(command)) : body;
}

/** A sealed answer that is copied to another command does not open there. */
function contextOf({ scope, key, fingerprint }: CommandKey): string[] {
  return ['command', scope, key, fingerprint];
}

/** With a lease, only while it is the one that the key is under. */
async function storeAnswer(
  sql: Sql,
  domain: Domain,
  command: CommandKey,
  answer: Answer,
  lease: string | null = null,
): Promise<void> {
  await sql(
    `update ${domain}.commands set status = $3, headers = $4, body = $5, lease_until = null
     where scope = $1 and key = $2 and status is null and lease_until is not distinct from $6::timestamptz`,
    [
      command.scope,
      command.key,
      answer.status,
      JSON.stringify(answer.headers ?? {}),
      JSON.stringify(sealBody(command, answer.body) ?? null),
      lease,
    ],
  );
}

/**
 * Forgets up to `limit` answers older than the promise (24 hours, as the API documents). Gives how many went: call it until that
 * is 0.
 */
export async function pruneCommands(
  sql: Sql,
  domain: Domain,
  retentionHours: number,
  limit: number,
): Promise<number> {
  return await countRows(
    sql,
    `delete from ${domain}.commands where (scope, key) in (
       select scope, key from ${domain}.commands where created_at < now() - make_interval(hours => $1)
       order by created_at limit $2)`,
    [retentionHours, limit],
  );
}
