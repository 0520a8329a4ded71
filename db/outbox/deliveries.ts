import type { Domain } from '../../domain/domains.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import type { Consumer } from '../../domain/events/subscriptions.ts';
import type { Sql } from '../sql.ts';

export interface ClaimedEvent extends DomainEvent {
  position: string;
  attempts: number;
  /** The span in which it was published, as W3C `traceparent`; null when nothing was traced. */
  traceparent: string | null;
}

/**
 * Takes due deliveries of a consumer and holds them for the transaction: other relays pass over them, and a relay that dies
 * lets go of them at once. Of each subject it takes the oldest, and up to `eachSubject` that follow it without a gap, in
 * their order. Goes through the subjects in their order from `after` on and stops at `limit`, so that its time depends neither
 * on how much waits nor on how much waits behind one subject.
 */
export async function claimDeliveries(
  sql: Sql,
  domain: Domain,
  consumer: Consumer,
  { limit, eachSubject = 1, after = '' }: { limit: number; eachSubject?: number; after?: string },
): Promise<ClaimedEvent[]> {
  // Each step is one look into the index (consumer, subject, position), and the limit ends the steps.
  const nextHead = (than: string) =>
    `(select subject, position from ${domain}.outbox_deliveries
      where consumer = $1 and subject > ${than} order by subject, position limit 1)`;
  // Whoever holds the oldest of a subject holds the subject, so those behind it need not be passed over.
  const rows = await sql<Omit<ClaimedEvent, 'domain'> & { ready: boolean }>(
    `with recursive heads as (
       ${nextHead('$3')} union all select next.* from heads, lateral ${nextHead('heads.subject')} next
     )
     select o.position::text as position, d.attempts, d.ready, o.id, o.type, o.version, o.tenant_id as "tenantId",
            o.subject, to_char(o.occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "occurredAt",
            o.actor_id as "actorId", o.trace_id as "traceId", o.traceparent, o.data
     from heads
       cross join lateral (select position from ${domain}.outbox_deliveries due
                           where due.consumer = $1 and due.position = heads.position
                             and due.parked_at is null and due.due_at <= now()
                           for update skip locked) head
       cross join lateral (select position, attempts, parked_at is null and due_at <= now() as ready
                           from ${domain}.outbox_deliveries line
                           where line.consumer = $1 and line.subject = heads.subject
                             and line.position >= head.position
                           order by position limit $4 for update) d
       cross join lateral (select * from ${domain}.outbox where outbox.position = d.position offset 0) o
     limit $2`,
    [consumer, limit, after, eachSubject],
    `${domain}.claim_deliveries`,
  );
  const stopped = new Set<string>();
  return rows.flatMap(({ ready, ...row }) => {
    if (!ready) stopped.add(row.subject);
    return stopped.has(row.subject) ? [] : [{ ...row, domain }];
  });
}

/** Marks deliveries as done. */
export async function settleDeliveries(
  sql: Sql,
  domain: Domain,
  consumer: Consumer,
  positions: string[],
): Promise<void> {
  await sql(
    `delete from ${domain}.outbox_deliveries where consumer = $1 and position = any($2::bigint[])`,
    [consumer, positions],
    `${domain}.settle_deliveries`,
  );
}

/** How long a relay keeps deliveries that it cannot hold in a transaction, unless it says again that it does. */
const leaseSeconds = 5;

/**
 * Keeps deliveries from other relays beyond the transaction, for a while that is to be renewed.
 *
 * @param lease what was given before, when it is renewed: what has meanwhile gone to another relay stays there
 * @returns the new lease, by which their end is told from that of others
 */
export async function leaseDeliveries(
  sql: Sql,
  domain: Domain,
  consumer: Consumer,
  positions: readonly string[],
  lease: string | null = null,
): Promise<string | null> {
  const [row] = await sql<{ lease: string }>(
    `update ${domain}.outbox_deliveries set due_at = now() + make_interval(secs => $3)
     where consumer = $1 and position = any($2::bigint[]) and ($4::timestamptz is null or due_at = $4::timestamptz)
     returning due_at::text as lease`,
    [consumer, positions, leaseSeconds, lease],
    `${domain}.lease_deliveries`,
  );
  return row?.lease ?? lease;
}

/** Lets others have leased deliveries at once. */
export async function releaseDeliveries(
  sql: Sql,
  domain: Domain,
  consumer: Consumer,
  positions: readonly string[],
  lease: string,
): Promise<void> {
  await sql(
    `update ${domain}.outbox_deliveries set due_at = now()
     where consumer = $1 and position = any($2::bigint[]) and due_at = $3::timestamptz`,
    [consumer, positions, lease],
  );
}

/** Most attempts at one delivery before it is parked for a person to look at. */
export const maxAttempts = 8;

/**
 * Puts a failed delivery off. One that the event itself seems to cause is tried ever more rarely and then parked, which
 * holds back its subject alone. One whose target is down is never parked, and tried again soon: within 10 seconds, and
 * faster while the event is young. One under a lease is put off only while that holds.
 */
export async function postponeDelivery(
  sql: Sql,
  domain: Domain,
  consumer: Consumer,
  position: string,
  failure: { message: string; targetIsDown: boolean; lease?: string | null },
): Promise<{ parked: boolean }> {
  const [row] = await sql<{ parked: boolean }>(
    `update ${domain}.outbox_deliveries
     set attempts = attempts + case when $4 then 0 else 1 end,
         due_at = now() + case when $4 then least(interval '10 seconds', greatest(interval '1 second',
                                 (select now() - occurred_at from ${domain}.outbox o where o.position = $2) / 5))
                               else least(interval '5 minutes', interval '1 second' * power(2, attempts)) end,
         parked_at = case when not $4 and attempts + 1 >= $5 then now() end,
         last_error = $3
     where consumer = $1 and position = $2 and ($6::timestamptz is null or due_at = $6::timestamptz)
     returning parked_at is not null as parked`,
    [
      consumer,
      position,
      failure.message.slice(0, 500),
      failure.targetIsDown,
      maxAttempts,
      failure.lease ?? null,
    ],
  );
  return { parked: row?.parked ?? false };
}

/** Which of these consumers have something that is due, as far as nothing else of its subject is in its way. */
export async function consumersWithDue(
  sql: Sql,
  domain: Domain,
  names: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    `select name from unnest($1::text[]) as name
     where exists (select 1 from ${domain}.outbox_deliveries d
                   where d.consumer = name and d.parked_at is null and d.due_at <= now())`,
    [names],
    `${domain}.consumers_with_due`,
  );
  return rows.map(({ name }) => name);
}

/** Figures for the operators: how much waits, how old the oldest is, and how much is parked. */
export async function outboxState(
  sql: Sql,
  domain: Domain,
): Promise<{ consumer: string; waiting: number; parked: number; oldestSeconds: number }[]> {
  // The oldest is the first: no other row of the outbox is looked up, however many wait.
  return await sql(
    `select d.consumer, d.waiting, d.parked,
       coalesce(extract(epoch from now() - o.occurred_at), 0)::float8 as "oldestSeconds"
     from (
       select consumer, count(*) filter (where parked_at is null)::int as waiting,
         count(*) filter (where parked_at is not null)::int as parked,
         min(position) filter (where parked_at is null) as first
       from ${domain}.outbox_deliveries group by consumer
     ) d left join ${domain}.outbox o on o.position = d.first`,
  );
}
