import { createOutboxRoutes } from './outbox/outbox.routes.ts';
import type { Route } from './route.ts';
import type { Services } from './services.ts';
import type { Domain } from '../domain/domains.ts';

/** The routes of every domain. A process serves those of the domains it was started for. */
const routesOf: Record<Domain, (services: Services) => Route[]> = {
  identity: () => [],
  audit: () => [],
  search: () => [],
};

/** The routes of some domains, with those of the operators. */
export function createRoutes(services: Services, domains: readonly Domain[]): Route[] {
  return [...domains.flatMap((domain) => routesOf[domain](services)), ...createOutboxRoutes(services)];
}
