import type { Trigger } from '../../domain/webhooks/endpoint.ts';
import { attemptTimeoutMs } from '../../domain/webhooks/endpoint.ts';
import { slotsOf } from '../../domain/webhooks/endpoint-health.ts';
import type { Sql } from '../sql.ts';
import { presentOldSecrets, type OldSecret } from './endpoint.ts';

/** How long a claim holds. Well beyond the longest attempt: who comes back later has lost it. */
export const claimSeconds = attemptTimeoutMs / 1_000 + 15;

/** Endpoints with something waiting that one look goes through. */
const endpointsAtOnce = 2_000;

/** A message that is this process's to send now. */
export interface ClaimedDelivery {
  messageId: string;
  endpointId: string;
  tenantId: string;
  subject: string;
  /** The fence: the result counts only while the delivery still bears it. */
  claim: string;
  /** When it was taken, by the database's clock: all that is told of the attempt goes by it. */
  claimedAt: string;
  /** Number of this attempt, over all that were made. */
  attempt: number;
  /** Failed attempts of the present schedule so far. */
  failed: number;
  trigger: Trigger;
  type: string;
  body: string;
  url: string;
  secret: string;
  oldSecrets: OldSecret[];
  headers: string | null;
  /** When the event happened, ISO 8601. */
  occurredAt: string;
  /** Who made the attempt before has died over it. */
  lostSince: string | null;
}

export interface Claims {
  deliveries: ClaimedDelivery[];
  /** Milliseconds until something is due that is not yet; null when nothing is known to be. */
  nextMs: number | null;
  /** Where the next look goes on; empty at the end. */
  reached: string;
  /** The endpoint that was given the last place. */
  turn: string;
}

interface Head {
  endpointId: string;
  /** Milliseconds until something of it may be sent; 0 or less: now. */
  waitMs: number;
  outages: number;
  ratePerSecond: number | null;
}

/**
 * Takes deliveries that are due, of every endpoint at most as many as it may have under way, and makes them this
 * process's for `claimSeconds`. What others hold is passed over. Its time depends on how many endpoints have something
 * waiting, not on how much.
 *
 * @param busy how many messages this process has under way, by endpoint
 * @param limit most deliveries
 * @param after where to begin: endpoints behind this one
 * @param turn the endpoint that was given the last place before: the next ones go first, so that those with much to send
 *   leave something to the others
 */
export async function claimDeliveries(
  sql: Sql,
  busy: ReadonlyMap<string, number>,
  limit: number,
  after: string,
  turn = '',
): Promise<Claims> {
  const heads = await readHeads(sql, after);
  const reached = heads.length === endpointsAtOnce ? (heads.at(-1)?.endpointId ?? '') : '';
  const sendable = heads.filter(({ waitMs }) => waitMs <= 0);
  const waits = heads
    .filter(({ waitMs }) => waitMs > 0 && Number.isFinite(waitMs))
    .map(({ waitMs }) => waitMs);
  const rated = await takeTokens(sql, sendable);
  const wanted: { endpointId: string; slots: number }[] = [];
  let left = limit;
  for (const { endpointId, outages, ratePerSecond } of inTurn(sendable, turn)) {
    const free = slotsOf({ outages }) - (busy.get(endpointId) ?? 0);
    const allowed = ratePerSecond === null ? free : Math.min(free, Math.floor(rated.get(endpointId) ?? 0));
    if (ratePerSecond !== null && free > 0 && allowed <= 0)
      waits.push((1_000 * (1 - (rated.get(endpointId) ?? 0))) / ratePerSecond);
    const slots = Math.min(allowed, left);
    if (slots <= 0) continue;
    left -= slots;
    wanted.push({ endpointId, slots });
  }
  const deliveries = wanted.length === 0 ? [] : await claim(sql, wanted);
  await payTokens(sql, rated, deliveries);
  return {
    deliveries,
    nextMs: waits.length === 0 ? null : Math.min(...waits),
    reached,
    turn: wanted.at(-1)?.endpointId ?? turn,
  };
}

/** Those behind a place, and then the others. They come in the order of their IDs. */
function inTurn(heads: readonly Head[], turn: string): readonly Head[] {
  const next = heads.findIndex(({ endpointId }) => endpointId > turn);
  return next > 0 ? [...heads.slice(next), ...heads.slice(0, next)] : heads;
}

/** The first delivery of every endpoint: each step is one look into the index (endpoint, due). */
async function readHeads(sql: Sql, after: string): Promise<Head[]> {
  const nextHead = (than: string) =>
    `(select endpoint_id, due_at from webhooks.deliveries
      where state = 'pending' and endpoint_id > ${than} order by endpoint_id, due_at limit 1)`;
  return await sql<Head>(
    `with recursive heads as (
       ${nextHead('$1::uuid')} union all select next.* from heads, lateral ${nextHead('heads.endpoint_id')} next
     ), first as (select * from heads limit $2)
     select first.endpoint_id as "endpointId",
       case when e.state = 'enabled' then 1000 * extract(epoch from
         greatest(first.due_at, h.open_until, h.hold_until) - now())::float8 else 'infinity'::float8 end as "waitMs",
       h.outages, e.rate_per_second as "ratePerSecond"
     from first join webhooks.endpoints e on e.id = first.endpoint_id
       join webhooks.endpoint_health h on h.endpoint_id = first.endpoint_id
     order by first.endpoint_id`,
    [after === '' ? '00000000-0000-0000-0000-000000000000' : after, endpointsAtOnce],
  );
}

/** How many messages may be sent now, of those endpoints that have a limit. Others that are just sending hold theirs. */
async function takeTokens(sql: Sql, heads: readonly Head[]): Promise<Map<string, number>> {
  const rated = heads.filter(({ ratePerSecond }) => ratePerSecond !== null);
  if (rated.length === 0) return new Map();
  const rows = await sql<{ endpointId: string; tokens: number }>(
    `select h.endpoint_id as "endpointId",
       least(greatest(1, given.rate), h.tokens + given.rate * greatest(0, extract(epoch from now() - h.tokens_at))::float8)
         as tokens
     from webhooks.endpoint_health h
       join unnest($1::uuid[], $2::float8[]) as given (endpoint_id, rate) on given.endpoint_id = h.endpoint_id
     order by h.endpoint_id for update of h skip locked`,
    [rated.map(({ endpointId }) => endpointId), rated.map(({ ratePerSecond }) => ratePerSecond)],
  );
  return new Map(rows.map(({ endpointId, tokens }) => [endpointId, tokens]));
}

async function payTokens(
  sql: Sql,
  tokens: ReadonlyMap<string, number>,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  const paid = [...tokens].map(([endpointId, before]) => ({
    endpointId,
    tokens: before - deliveries.filter((one) => one.endpointId === endpointId).length,
  }));
  if (deliveries.length === 0 || paid.length === 0) return;
  await sql(
    `update webhooks.endpoint_health h set tokens = given.tokens, tokens_at = now()
     from unnest($1::uuid[], $2::float8[]) as given (endpoint_id, tokens) where h.endpoint_id = given.endpoint_id`,
    [paid.map(({ endpointId }) => endpointId), paid.map((one) => one.tokens)],
  );
}

/** An attempt that was lost counts as failed, but for the last: that one is made again, so that its end is known. */
async function claim(
  sql: Sql,
  wanted: readonly { endpointId: string; slots: number }[],
): Promise<ClaimedDelivery[]> {
  return await sql<ClaimedDelivery>(
    `with picked as (
       select d.* from unnest($1::uuid[], $2::integer[]) as wanted (endpoint_id, slots)
         cross join lateral (
           select message_id, endpoint_id, claim, claimed_at from webhooks.deliveries due
           where due.endpoint_id = wanted.endpoint_id and due.state = 'pending' and due.due_at <= now()
           order by due.due_at limit wanted.slots for update skip locked) d
     ), claimed as (
       update webhooks.deliveries d
       set claim = gen_random_uuid(), claimed_at = clock_timestamp(), attempts = d.attempts + 1,
         failed = case when picked.claim is null then d.failed else least(d.failed + 1, 7) end,
         due_at = now() + make_interval(secs => $3)
       from picked where d.message_id = picked.message_id and d.endpoint_id = picked.endpoint_id
       returning d.*, case when picked.claim is null then null else picked.claimed_at end as lost_since
     )
     select c.message_id as "messageId", c.endpoint_id as "endpointId", c.tenant_id as "tenantId", c.subject, c.claim,
       c.attempts as attempt, c.failed, c.trigger, m.type, m.occurred_at as "occurredAt",
       coalesce(m.bodies ->> e.payload_version::text, m.bodies ->> (
         select max(version::integer)::text from jsonb_object_keys(m.bodies) as version
         where version::integer <= e.payload_version), m.bodies ->> '1') as body,
       e.url, e.secret, ${presentOldSecrets('e')} as "oldSecrets", e.headers, c.claimed_at as "claimedAt",
       c.lost_since as "lostSince"
     from claimed c join webhooks.messages m on m.id = c.message_id join webhooks.endpoints e on e.id = c.endpoint_id`,
    [wanted.map(({ endpointId }) => endpointId), wanted.map(({ slots }) => slots), claimSeconds],
  );
}
