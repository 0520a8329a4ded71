import { createAuditActivities } from '../activities/audit/audit.activities.ts';
import { createIdentityActivities } from '../activities/identity/identity.activities.ts';
import { createOrderActivities } from '../activities/orders/order.activities.ts';
import { createReturnActivities } from '../activities/orders/return.activities.ts';
import { createOrderErasureActivities } from '../activities/orders/tenant-erasure.activities.ts';
import { createPlatformActivities } from '../activities/platform/clean-domain.activities.ts';
import { createBatchActivities } from '../activities/search/batch.activities.ts';
import { createImportActivities } from '../activities/search/import.activities.ts';
import { createPersonErasureActivities } from '../activities/search/person-erasure.activities.ts';
import { createRecordSetActivities } from '../activities/search/record-set.activities.ts';
import { createSearchCareActivities } from '../activities/search/statistics.activities.ts';
import { createSearchErasureActivities } from '../activities/search/tenant-erasure.activities.ts';
import { createSearchUpkeepActivities } from '../activities/search/upkeep.activities.ts';
import type { WorkerServices } from '../activities/services.ts';
import { createOutboundUpkeepActivities } from '../activities/webhooks/outbound-upkeep.activities.ts';
import { createRecoveryActivities } from '../activities/webhooks/recovery.activities.ts';
import { createWebhookErasureActivities } from '../activities/webhooks/tenant-erasure.activities.ts';
import type { Domain } from '../domain/domains.ts';

/** The activities that a domain's queue serves. */
export function activitiesOf(domain: Domain, services: WorkerServices): object {
  const platform = createPlatformActivities(services);
  switch (domain) {
    case 'identity':
      return { ...platform, ...createIdentityActivities(services) };
    case 'search':
      return {
        ...platform,
        ...createBatchActivities(services),
        ...createImportActivities(services),
        ...createRecordSetActivities(services),
        ...createSearchCareActivities(services),
        ...createPersonErasureActivities(services),
        ...createSearchErasureActivities(services),
        ...createSearchUpkeepActivities(services),
      };
    case 'webhooks':
      return {
        ...platform,
        ...createRecoveryActivities(services),
        ...createOutboundUpkeepActivities(services),
        ...createWebhookErasureActivities(services),
      };
    case 'orders':
      return {
        ...platform,
        ...createOrderActivities(services),
        ...createReturnActivities(services),
        ...createOrderErasureActivities(services),
      };
    case 'audit':
      return { ...platform, ...createAuditActivities(services) };
  }
}
