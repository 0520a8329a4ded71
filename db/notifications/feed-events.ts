import type { Sql } from '../sql.ts';
import { feedItemColumns, type FeedItem } from './feed-item.ts';
import { feedKey } from './feed.repository.ts';

/** Something that has happened to a feed. */
export interface FeedEvent {
  sequence: number;
  /** `added`, `changed` (of one item), `all_read`, `all_archive`, `all_unarchive`, `expired` (of many). */
  kind: string;
  /** As it is now; null where the event is of many, or the item has gone since. */
  item: FeedItem | null;
  /** Of many: those with a number up to this one, */
  upTo: number | null;
  /** and of this category, or of any. */
  category: string | null;
}

export interface FeedPage {
  /** Number of the feed's last change. */
  sequence: number;
  /** Changes up to this number can't be told any more. */
  forgotten: number;
  unread: number;
  events: FeedEvent[];
}

interface EventRow extends Omit<FeedPage, 'events'>, Omit<FeedItem, 'sequence' | 'category'> {
  eventSequence: number | null;
  kind: string;
  upTo: number | null;
  eventCategory: string | null;
  itemSequence: number | null;
  itemCategory: string;
}

const itemColumns = feedItemColumns
  .replace('as sequence', 'as "itemSequence"')
  .replace('i.category', 'i.category as "itemCategory"');

/** What has happened to a feed after a number, oldest first and up to `limit`, with the count of the same moment. */
export async function readFeedEvents(
  sql: Sql,
  { tenantId, userId }: { tenantId: string; userId: string },
  after: number,
  limit: number,
): Promise<FeedPage> {
  const rows = await sql<EventRow>(
    `select f.sequence::float8 as sequence, f.forgotten::float8 as forgotten, f.unread,
       e.sequence::float8 as "eventSequence", e.kind, e.up_to::float8 as "upTo", e.category as "eventCategory", ${itemColumns}
     from notifications.feeds f
     left join lateral (
       (select a.sequence, 'added' as kind, a.id as item_id, null::bigint as up_to, null::text as category
        from notifications.feed_items a
        where a.tenant_id = f.tenant_id and a.user_id = f.user_id and a.sequence > $3 order by a.sequence limit $4)
       union all
       (select c.sequence, c.kind, c.item_id, c.up_to, c.category from notifications.feed_changes c
        where c.tenant_id = f.tenant_id and c.user_id = f.user_id and c.sequence > $3 order by c.sequence limit $4)
       order by sequence limit $4
     ) e on true
     left join notifications.feed_items i on i.id = e.item_id
     where f.tenant_id = $1 and f.user_id = $2
     order by e.sequence`,
    [tenantId, userId, after, limit],
    'notifications.read_feed_events',
  );
  const [first] = rows;
  if (!first) return { sequence: 0, forgotten: 0, unread: 0, events: [] };
  return {
    sequence: first.sequence,
    forgotten: first.forgotten,
    unread: first.unread,
    events: rows.flatMap((row) => (row.eventSequence === null ? [] : [toEvent(row, row.eventSequence)])),
  };
}

function toEvent(row: EventRow, sequence: number): FeedEvent {
  const { eventSequence: _, kind, upTo, eventCategory, forgotten: __, unread: ___, ...rest } = row;
  const { itemSequence, itemCategory, ...item } = rest;
  return {
    sequence,
    kind,
    upTo,
    category: eventCategory,
    item: itemSequence === null ? null : { ...item, sequence: itemSequence, category: itemCategory },
  };
}

/** The names of those feeds that have changed since a number: one look for all that a process follows. */
export async function changedFeeds(
  sql: Sql,
  known: readonly { tenantId: string; userId: string; sequence: number }[],
): Promise<string[]> {
  const rows = await sql<{ tenantId: string; userId: string }>(
    `select f.tenant_id as "tenantId", f.user_id as "userId"
     from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as known (tenant_id, user_id, sequence)
     join notifications.feeds f on f.tenant_id = known.tenant_id and f.user_id = known.user_id
     where f.sequence > known.sequence`,
    [
      known.map(({ tenantId }) => tenantId),
      known.map(({ userId }) => userId),
      known.map(({ sequence }) => sequence),
    ],
  );
  return rows.map(({ tenantId, userId }) => feedKey(tenantId, userId));
}
