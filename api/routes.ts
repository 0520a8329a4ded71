import { createAuditRoutes } from './audit/audit.routes.ts';
import { createCodecRoutes } from './codec/codec.routes.ts';
import { createDesignsRoutes } from './designs/routes.ts';
import { createIdentityRoutes } from './identity/routes.ts';
import { createNotificationRoutes } from './notifications/routes.ts';
import { createOrderRoutes } from './orders/routes.ts';
import { createOutboxRoutes } from './outbox/outbox.routes.ts';
import { createProcessRoutes } from './processes/processes.routes.ts';
import type { Route } from './route.ts';
import { createSearchRoutes } from './search/routes.ts';
import type { Services } from './services.ts';
import { createWebhookRoutes } from './webhooks/routes.ts';
import type { Domain } from '../domain/domains.ts';

/** The routes of every domain. A process serves those of the domains it was started for. */
const routesOf: Record<Domain, (services: Services) => Route[]> = {
  identity: createIdentityRoutes,
  audit: createAuditRoutes,
  search: createSearchRoutes,
  webhooks: createWebhookRoutes,
  orders: createOrderRoutes,
  notifications: createNotificationRoutes,
  designs: createDesignsRoutes,
};

/** The routes of some domains, with those of the operators and what spans the domains. */
export function createRoutes(services: Services, domains: readonly Domain[]): Route[] {
  return [
    ...domains.flatMap((domain) => routesOf[domain](services)),
    ...createProcessRoutes(services),
    ...createOutboxRoutes(services),
    ...createCodecRoutes(services),
  ];
}
