import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createDeliveryRoutes } from './delivery.routes.ts';
import { createFeedLiveRoutes } from './feed-live.routes.ts';
import { createFeedRoutes } from './feed.routes.ts';
import { createMailReportRoutes } from './mail-report.routes.ts';
import { createPreferenceRoutes } from './preferences.routes.ts';
import { createSuppressionRoutes } from './suppression.routes.ts';
import { createTestNoticeRoutes } from './test.routes.ts';
import { createUnsubscribeRoutes } from './unsubscribe.routes.ts';

/** What people are told, and how they wish to be. */
export function createNotificationRoutes(services: Services): Route[] {
  return [
    ...createPreferenceRoutes(services),
    ...createSuppressionRoutes(services),
    ...createDeliveryRoutes(services),
    ...createMailReportRoutes(services),
    ...createTestNoticeRoutes(),
    ...createUnsubscribeRoutes(services),
    ...createFeedRoutes(services),
    ...createFeedLiveRoutes(services),
  ];
}
