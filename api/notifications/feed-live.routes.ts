import { z } from 'zod';
import { eventStream, resumePoint } from '../realtime/event-stream.ts';
import { socketRoute } from '../realtime/socket-route.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createFeedChannel } from './feed-channel.ts';
import { FeedFollowing } from './feed-following.ts';

const tag = 'Notifications';

/** The caller's feed as it happens: as server-sent events, and over a WebSocket. */
export function createFeedLiveRoutes(services: Services): Route[] {
  const { config, database } = services;
  const following = new FeedFollowing(services);
  services.onStop(() => following.stop());
  return [
    route({
      method: 'get',
      path: '/v1/notifications/stream',
      summary: 'Follow your notifications (server-sent events)',
      description:
        'Sends `count` with the number of unread ones at first and whenever something has happened, `added` and `changed` with ' +
        'a notification, `all_read`, `all_archive`, `all_unarchive` and `expired` for all up to the sequence `up_to` (of a ' +
        '`category`, or of any). Whoever reconnects with `Last-Event-ID` hears what has happened since, each once and in order; ' +
        'after `reset` it reads the list anew, because that can’t be told any more. The stream ends when the access token does.',
      tag,
      access: 'notifications:read',
      rate: 'read',
      crossOrigins: config.WEB_ORIGINS,
      query: z.strictObject({ last_event_id: z.string().max(20).optional() }),
      headers: { 'Last-Event-ID': 'The `id` of the last event heard.' },
      responses: { 200: { description: 'The events.', mediaType: 'text/event-stream' } },
      failures: ['request.too_many_connections', 'service.too_many_connections'],
      handler: async ({ principal, ctx, signal }) =>
        eventStream(following.events(principal, resumePoint(ctx), signal)),
    }),
    socketRoute(services, {
      path: '/v1/notifications/socket',
      summary: 'Follow your notifications over a WebSocket',
      description:
        'The channel `feed` tells what the stream tells, and takes the marks as commands. The messages are in docs/notifications.md.',
      tag,
      access: 'notifications:read',
      channels: { feed: createFeedChannel(database, following) },
    }),
  ];
}
