import { v7 as uuidv7 } from 'uuid';
import type { Channel } from '../../domain/notifications/categories.ts';
import { kinds, type Kind } from '../../domain/notifications/notice.ts';
import type { Way } from '../../domain/notifications/plan.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';

/** The channel on which a commit tells the senders that there is something to send. */
export const noticesChannel = 'perdure_notices';

/** A notice to one recipient, with the ways that it takes. */
export interface NewNotice {
  tenantId: string;
  /** `user:<id>`, or whatever else names who is told for good. */
  recipient: string;
  userId: string | null;
  /** What makes two notices to a recipient the same. */
  key: string;
  kind: Kind;
  critical: boolean;
  subject: string;
  /** References and facts of the event; nobody's address and no secret. */
  data: Record<string, unknown>;
  eventId: string;
  occurredAt: string;
  ways: readonly Way[];
}

export interface AddedNotice extends NewNotice {
  id: string;
}

/**
 * Keeps notices, each with a delivery on every way that it takes. A notice that is there already adds nothing, so its event may come
 * again. What is to be gathered joins the delivery that is open, and sets the time only of one that it opens.
 *
 * @returns those that are new
 */
export async function addNotices(
  transaction: Transaction,
  notices: readonly NewNotice[],
): Promise<AddedNotice[]> {
  const { sql, publish } = transaction;
  const given = notices.map((notice) => ({ ...notice, id: uuidv7() }));
  const stored = await storeNotices(sql, given);
  const added = given.filter(({ id }) => stored.has(id));
  await deliverSingly(sql, added);
  await gather(sql, added);
  const published = added.filter((notice) => notice.ways.some(({ channel }) => channel === 'webhook'));
  await publish(
    ...published.map(({ id, tenantId, kind, critical, subject, userId }) => ({
      type: 'notification.created',
      tenantId,
      subject: `notification:${id}`,
      data: { kind, category: kinds[kind].category, critical, about: subject, user_id: userId },
    })),
  );
  if (added.some(({ ways }) => ways.some(({ channel }) => channel === 'email')))
    transaction.wake(noticesChannel, 'due');
  return added;
}

async function storeNotices(sql: Sql, notices: readonly AddedNotice[]): Promise<Set<string>> {
  const rows = await sql<{ id: string }>(
    `insert into notifications.notices
       (id, tenant_id, recipient, key, user_id, kind, category, critical, subject, data, event_id, occurred_at)
     select id, "tenantId", recipient, key, "userId", kind, category, critical, subject, data, "eventId", "occurredAt"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, "tenantId" uuid, recipient text, key text, "userId" uuid,
       kind text, category text, critical boolean, subject text, data jsonb, "eventId" uuid, "occurredAt" timestamptz)
     on conflict (tenant_id, recipient, key) do nothing returning id`,
    [JSON.stringify(notices.map((notice) => ({ ...notice, category: kinds[notice.kind].category })))],
  );
  return new Set(rows.map(({ id }) => id));
}

interface DeliveryRow {
  id: string;
  noticeId: string;
  tenantId: string;
  channel: Channel;
  recipient: string;
  userId: string | null;
  category: string;
  critical: boolean;
  gathers: string | null;
  state: 'pending' | 'sent';
  dueAt: string | null;
}

function rowOf(notice: AddedNotice, { channel, gathered }: Way): DeliveryRow {
  const { category } = kinds[notice.kind];
  return {
    id: uuidv7(),
    noticeId: notice.id,
    tenantId: notice.tenantId,
    channel,
    recipient: notice.recipient,
    userId: notice.userId,
    category,
    critical: notice.critical,
    gathers: gathered && `${gathered.into}:${category}`,
    // A feed and an outbox are written in this very transaction.
    state: channel === 'email' ? 'pending' : 'sent',
    dueAt: gathered?.until.toISOString() ?? null,
  };
}

const rowShape = `(id uuid, "noticeId" uuid, "tenantId" uuid, channel text, recipient text, "userId" uuid, category text,
  critical boolean, gathers text, state text, "dueAt" timestamptz)`;

/** Each by itself, due at once. */
async function deliverSingly(sql: Sql, notices: readonly AddedNotice[]): Promise<void> {
  const rows = notices.flatMap((notice) =>
    notice.ways.filter(({ gathered }) => gathered === null).map((way) => rowOf(notice, way)),
  );
  if (rows.length === 0) return;
  await sql(
    `with given as (
       select * from jsonb_to_recordset($1::jsonb) as given ${rowShape}
     ), made as (
       insert into notifications.deliveries
         (id, tenant_id, channel, recipient, user_id, category, critical, open, state, ended_at)
       select id, "tenantId", channel, recipient, "userId", category, critical, false, state,
         case when state = 'sent' then now() end from given
     )
     insert into notifications.delivery_notices (delivery_id, notice_id) select id, "noticeId" from given`,
    [JSON.stringify(rows)],
  );
}

/** Row by row: each may have to wait for a sender that is just taking the one which it would have joined. */
async function gather(sql: Sql, notices: readonly AddedNotice[]): Promise<void> {
  const rows = notices.flatMap((notice) =>
    notice.ways.filter(({ gathered }) => gathered !== null).map((way) => rowOf(notice, way)),
  );
  for (const row of rows.toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1))) {
    await sql(
      `with given as (
         select * from jsonb_to_record($1::jsonb) as given ${rowShape}
       ), joined as (
         insert into notifications.deliveries
           (id, tenant_id, channel, recipient, user_id, category, critical, gathers, open, state, due_at)
         select id, "tenantId", channel, recipient, "userId", category, critical, gathers, true, 'pending', "dueAt"
         from given
         on conflict (tenant_id, recipient, channel, gathers) where open
         do update set due_at = deliveries.due_at returning id
       )
       insert into notifications.delivery_notices (delivery_id, notice_id)
       select joined.id, given."noticeId" from joined, given`,
      [JSON.stringify(row)],
    );
  }
}
