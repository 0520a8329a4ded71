import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createFeedLiveRoutes } from './feed-live.routes.ts';
import { createFeedRoutes } from './feed.routes.ts';

/** What people are told, and how they wish to be. */
export function createNotificationRoutes(services: Services): Route[] {
  return [...createFeedRoutes(services), ...createFeedLiveRoutes(services)];
}
