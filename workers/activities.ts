import { createIdentityActivities } from '../activities/identity/identity.activities.ts';
import { createPlatformActivities } from '../activities/platform/clean-domain.activities.ts';
import { createBatchActivities } from '../activities/search/batch.activities.ts';
import { createSearchCareActivities } from '../activities/search/statistics.activities.ts';
import type { WorkerServices } from '../activities/services.ts';
import type { Domain } from '../domain/domains.ts';

/** The activities that a domain's queue serves. */
export function activitiesOf(domain: Domain, services: WorkerServices): object {
  const platform = createPlatformActivities(services);
  switch (domain) {
    case 'identity':
      return { ...platform, ...createIdentityActivities(services) };
    case 'search':
      return { ...platform, ...createBatchActivities(services), ...createSearchCareActivities(services) };
    case 'audit':
      return { ...platform };
  }
}
