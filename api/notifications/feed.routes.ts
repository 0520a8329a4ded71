import { z } from 'zod';
import { markFeed, markFeedItem } from '../../db/notifications/feed-marks.ts';
import { FeedRepository } from '../../db/notifications/feed.repository.ts';
import {
  feedMarks,
  sweepingMarks,
  type FeedMark,
  type SweepingMark,
} from '../../domain/notifications/feed.ts';
import { pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { presentFeedItem } from './feed.presenter.ts';
import { feedItemShape, sweepShape, sweptShape, unreadShape } from './feed.schemas.ts';

const tag = 'Notifications';
const params = z.object({ id: z.uuid() });
const failures = ['notifications.notification_not_found'] as const;
const archives = { false: false, true: true, all: null } as const;

const summaries: Record<FeedMark, string> = {
  read: 'Mark a notification as read',
  unread: 'Mark a notification as unread, and take it out of the archive',
  archive: 'Archive a notification, which marks it as read',
  unarchive: 'Take a notification out of the archive',
};

const sweepSummaries: Record<SweepingMark, string> = {
  read: 'Mark all notifications as read, up to one',
  archive: 'Archive all notifications, up to one',
  unarchive: 'Take all notifications out of the archive, up to one',
};

/** The caller's own feed: what it is told inside the application, and what it has done with that. */
export function createFeedRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const crossOrigins = config.WEB_ORIGINS;
  const reading = { method: 'get', tag, access: 'notifications:read', rate: 'read', crossOrigins } as const;
  const marking = {
    method: 'post',
    tag,
    access: 'notifications:write',
    rate: 'write',
    crossOrigins,
    failures,
  } as const;
  const feedOf = <T>(
    { tenantId, userId }: { tenantId: string; userId: string },
    work: (feed: FeedRepository) => Promise<T>,
  ): Promise<T> =>
    database.read('notifications', ({ sql }) => work(new FeedRepository(sql, tenantId, userId)));

  return [
    route({
      ...reading,
      path: '/v1/notifications',
      summary: 'Your notifications, newest first',
      query: z.strictObject({
        ...pageQuery,
        unread: z
          .stringbool()
          .optional()
          .meta({ description: 'Only those that are unread, or that are not.' }),
        archived: z
          .enum(['false', 'true', 'all'])
          .default('false')
          .meta({ description: 'Those in the archive, those that are not, or both.' }),
        category: z.string().min(1).max(100).optional(),
      }),
      responses: { 200: { description: 'A page of notifications.', body: pageOf(feedItemShape) } },
      handler: async ({ principal, query }) => {
        const filter = { unread: query.unread, archived: archives[query.archived], category: query.category };
        const body = await pages.read({
          list: `notifications/${principal.userId}`,
          tenantId: principal.tenantId,
          query,
          position: z.object({ sequence: z.int() }),
          read: (limit, after) =>
            feedOf(principal, (feed) => feed.list(filter, limit, after?.sequence ?? null)),
          positionOf: ({ sequence }) => ({ sequence }),
          present: presentFeedItem,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      path: '/v1/notifications/unread-count',
      summary: 'How many of your notifications are unread',
      responses: { 200: { description: 'The count.', body: unreadShape } },
      handler: async ({ principal }) => {
        const { unread } = await feedOf(principal, (feed) => feed.count());
        return { status: 200, body: { unread } };
      },
    }),
    route({
      ...reading,
      path: '/v1/notifications/:id',
      summary: 'One of your notifications',
      params,
      responses: { 200: { description: 'The notification.', body: feedItemShape } },
      failures,
      handler: async ({ principal, params: { id } }) => ({
        status: 200,
        body: presentFeedItem(await feedOf(principal, (feed) => feed.get(id))),
      }),
    }),
    ...feedMarks.map((mark) =>
      route({
        ...marking,
        path: `/v1/notifications/:id/${mark}`,
        summary: summaries[mark],
        params,
        idempotency: { domain: 'notifications', mode: 'transaction' },
        responses: { 200: { description: 'The notification.', body: feedItemShape } },
        handler: async ({ principal, params: { id }, traceId }, transaction) => ({
          status: 200,
          body: presentFeedItem(await markFeedItem(transaction, { ...principal, traceId }, mark, id)),
        }),
      }),
    ),
    ...sweepingMarks.map((mark) =>
      route({
        ...marking,
        path: `/v1/notifications/${mark}-all`,
        summary: sweepSummaries[mark],
        body: sweepShape,
        // Many transactions, each of a slice.
        idempotency: { domain: 'notifications', mode: 'leased', leaseSeconds: 30 },
        responses: { 200: { description: 'What it has changed.', body: sweptShape } },
        handler: async ({ principal, body: { up_to: upTo, category }, traceId }) => ({
          status: 200,
          body: await markFeed(database, { ...principal, traceId }, mark, { upTo, category }),
        }),
      }),
    ),
  ];
}
