import type { Route } from '../route.ts';
import type { Services } from '../services.ts';

/** The routes of webhooks: those that come in (sources, the log) and those that go out (endpoints, messages). */
export function createWebhookRoutes(_services: Services): Route[] {
  return [];
}
