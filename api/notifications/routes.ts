import type { Route } from '../route.ts';
import type { Services } from '../services.ts';

/** What people are told, and how they wish to be. */
export function createNotificationRoutes(_services: Services): Route[] {
  return [];
}
