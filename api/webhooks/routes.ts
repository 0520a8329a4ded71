import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createEndpointRoutes } from './endpoint.routes.ts';
import { createEndpointSendingRoutes } from './endpoint-sending.routes.ts';
import { createInboundRoutes } from './inbound.routes.ts';
import { createIntakeRoutes } from './intake.routes.ts';
import { createMessageRoutes } from './message.routes.ts';
import { createSourceRoutes } from './source.routes.ts';

/** The routes of webhooks: those that come in (sources, the log) and those that go out (endpoints, messages). */
export function createWebhookRoutes(services: Services): Route[] {
  return [
    ...createIntakeRoutes(services),
    ...createSourceRoutes(services),
    ...createInboundRoutes(services),
    ...createEndpointRoutes(services),
    ...createEndpointSendingRoutes(services),
    ...createMessageRoutes(services),
  ];
}
