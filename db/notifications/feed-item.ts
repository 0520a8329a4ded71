import type { Severity } from '../../domain/notifications/feed.ts';

/** What is put into somebody's feed. */
export interface NewFeedItem {
  /** The notification it shows. A feed takes each once. */
  notificationId: string;
  tenantId: string;
  userId: string;
  category: string;
  /** Which notice it is, such as `order.shipped`: clients that write their own text go by it and by `data`. */
  type: string;
  title: string;
  body: string;
  /** References and amounts, by name. */
  data: Record<string, unknown>;
  /** Address of what it is about, such as `/v1/orders/…`. */
  link: string | null;
  severity: Severity;
}

/** An item of a feed. */
export interface FeedItem extends NewFeedItem {
  id: string;
  /** Its place in the feed: later ones are greater. Changes of the feed are numbered in the same row. */
  sequence: number;
  /** ISO 8601. */
  createdAt: string;
  readAt: string | null;
  archivedAt: string | null;
}

const moment = (column: string): string =>
  `to_char(i.${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Columns of a `FeedItem`, of `notifications.feed_items i`. */
export const feedItemColumns = `i.id, i.sequence::float8 as sequence, i.notification_id as "notificationId",
  i.tenant_id as "tenantId", i.user_id as "userId", i.category, i.type, i.title, i.body, i.data, i.link, i.severity,
  ${moment('created_at')} as "createdAt", ${moment('read_at')} as "readAt", ${moment('archived_at')} as "archivedAt"`;
