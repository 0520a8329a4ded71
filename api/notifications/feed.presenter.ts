import type { FeedEvent } from '../../db/notifications/feed-events.ts';
import type { FeedItem } from '../../db/notifications/feed-item.ts';

/** An item of a feed as its owner sees it. */
export function presentFeedItem(item: FeedItem) {
  return {
    id: item.id,
    sequence: item.sequence,
    category: item.category,
    type: item.type,
    title: item.title,
    body: item.body,
    data: item.data,
    link: item.link,
    severity: item.severity,
    created_at: item.createdAt,
    read_at: item.readAt,
    archived_at: item.archivedAt,
  };
}

/** What an event of a feed tells: the item as it is now, or which items it is of. */
export function presentFeedEvent({ kind, item, upTo, category }: FeedEvent): object {
  if (kind === 'added' || kind === 'changed') return { item: item && presentFeedItem(item) };
  return { up_to: upTo, category };
}
