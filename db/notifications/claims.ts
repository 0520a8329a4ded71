import type { Category } from '../../domain/notifications/categories.ts';
import type { Kind } from '../../domain/notifications/notice.ts';
import { mostItems } from '../../domain/notifications/gathered-mail.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** How long a claim holds. Beyond the longest time of a mail and of all that is read for it: who comes back later has lost it. */
export const claimSeconds = 90;

/** A mail that is this process's to send now. */
export interface ClaimedMail {
  id: string;
  tenantId: string;
  recipient: string;
  userId: string | null;
  category: Category;
  critical: boolean;
  gathered: boolean;
  /** The fence: the result counts only while the delivery still bears it. */
  claim: string;
  claimedAt: Date;
  createdAt: Date;
  /** Number of this attempt, over all that were made. */
  attempt: number;
  deferred: number;
  unreachable: number;
  unknown: number;
  /** Who made the attempt before has died over it. */
  lostSince: Date | null;
}

/** A notice of a mail, as far as it is kept. */
export interface KeptNotice {
  id: string;
  tenantId: string;
  kind: Kind;
  userId: string | null;
  subject: string;
  data: Record<string, unknown>;
  eventId: string;
  occurredAt: Date;
}

/**
 * Takes mails that are due, the critical ones of a tenant first, and makes them this process's for `claimSeconds`. What others hold is
 * passed over. The tenants have their turns, so one with a million mails holds nobody up. What is taken is no longer open: later
 * notices gather in another.
 *
 * @param limit most mails
 * @param after the tenant that the last look ended with; null for the beginning
 * @returns the mails, and the tenant that this look ended with
 */
export async function claimMails(
  sql: Sql,
  limit: number,
  after: string | null,
): Promise<{ mails: ClaimedMail[]; reached: string | null }> {
  const tenants = await dueTenants(sql, limit, after);
  if (tenants.length === 0) return { mails: [], reached: null };
  const share = Math.ceil(limit / tenants.length);
  const rows = await sql<ClaimedMail>(
    `with picked as (
       select d.* from unnest($1::uuid[]) as due (tenant_id) cross join lateral (
         select id, claim, claimed_at from notifications.deliveries d
         where d.tenant_id = due.tenant_id and d.state = 'pending' and d.due_at <= now()
         order by d.critical desc, d.due_at limit $2 for update skip locked) d
       limit $3
     )
     update notifications.deliveries d
     set claim = gen_random_uuid(), claimed_at = clock_timestamp(), open = false, attempts = d.attempts + 1,
       unknown = d.unknown + case when picked.claim is null then 0 else 1 end,
       due_at = now() + make_interval(secs => $4)
     from picked where d.id = picked.id
     returning d.id, d.tenant_id as "tenantId", d.recipient, d.user_id as "userId", d.category, d.critical,
       d.gathers is not null as gathered, d.claim, d.claimed_at as "claimedAt", d.created_at as "createdAt",
       d.attempts as attempt, d.deferred, d.unreachable, d.unknown,
       case when picked.claim is not null then picked.claimed_at end as "lostSince"`,
    [tenants, share, limit, claimSeconds],
  );
  return { mails: withDates(rows, ['claimedAt', 'createdAt', 'lostSince']), reached: tenants.at(-1) ?? null };
}

/** Up to so many tenants whose mails are due, those behind a place first. */
async function dueTenants(sql: Sql, limit: number, after: string | null): Promise<string[]> {
  const behind = after === null ? [] : await dueTenantsFrom(sql, limit, after);
  if (behind.length === limit) return behind;
  const first = await dueTenantsFrom(sql, limit, null);
  return [...new Set([...behind, ...first])].slice(0, limit);
}

/** Each step is one look into the index (tenant, due), and the limit ends the steps. */
async function dueTenantsFrom(sql: Sql, limit: number, after: string | null): Promise<string[]> {
  const next = (condition: string) =>
    `(select tenant_id, due_at from notifications.deliveries
      where state = 'pending' ${condition} order by tenant_id, due_at limit 1)`;
  const rows = await sql<{ tenantId: string }>(
    `with recursive heads as (
       ${next(after === null ? 'and $2::uuid is null' : 'and tenant_id > $2::uuid')} union all
       select found.* from heads, lateral ${next('and tenant_id > heads.tenant_id')} found
     )
     select tenant_id as "tenantId" from heads where due_at <= now() limit $1`,
    [limit, after],
  );
  return rows.map(({ tenantId }) => tenantId);
}

/** Milliseconds until something is due that is not yet; null when nothing waits. */
export async function nextDueMs(sql: Sql): Promise<number | null> {
  const [row] = await sql<{ ms: number | null }>(
    `select 1000 * extract(epoch from min(due_at) - clock_timestamp())::float8 as ms
     from notifications.deliveries where state = 'pending'`,
  );
  return row?.ms ?? null;
}

/** Notes where a mail goes before it goes there: what is told of it may come back sooner than its result is written down. */
export async function noteAddress(
  sql: Sql,
  { id, claim }: Pick<ClaimedMail, 'id' | 'claim'>,
  addressId: string,
): Promise<void> {
  await sql('update notifications.deliveries set address_id = $3 where id = $1 and claim = $2', [
    id,
    claim,
    addressId,
  ]);
}

/** What a mail has to tell, in the order in which it happened, as far as one mail tells it; and how much there is. */
export async function noticesOf(
  sql: Sql,
  deliveryId: string,
): Promise<{ notices: KeptNotice[]; count: number }> {
  const rows = await sql<KeptNotice & { count: number }>(
    `select n.id, n.tenant_id as "tenantId", n.kind, n.user_id as "userId", n.subject, n.data, n.event_id as "eventId",
       n.occurred_at as "occurredAt", count(*) over ()::int as count
     from notifications.delivery_notices d join notifications.notices n on n.id = d.notice_id
     where d.delivery_id = $1 order by n.occurred_at, n.id limit $2`,
    [deliveryId, mostItems],
  );
  return {
    notices: withDates(rows, ['occurredAt']),
    count: rows[0]?.count ?? 0,
  };
}
