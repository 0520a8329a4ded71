import { createDataExportActivities } from '../activities/platform/data-export.activities.ts';
import { createTenantErasureActivities } from '../activities/platform/tenant-erasure.activities.ts';
import { auditExport } from '../db/audit/export.ts';
import { redactTenant } from '../db/audit/redaction.ts';
import { designsExport } from '../db/designs/export.ts';
import { notificationsExport } from '../db/notifications/export.ts';
import { eraseTenantFromNotifications } from '../db/notifications/tenant-erasure.ts';
import { ordersExport } from '../db/orders/export.ts';
import { eraseTenantFromOrders } from '../db/orders/tenant-erasure.ts';
import { searchExport } from '../db/search/export.ts';
import { eraseTenantFromWebhooks } from '../db/webhooks/tenant-erasure.ts';
import { createOptimisationActivities } from '../activities/designs/optimisation.activities.ts';
import { createPreviewActivities } from '../activities/designs/preview.activities.ts';
import { createDesignErasureActivities } from '../activities/designs/tenant-erasure.activities.ts';
import { createDesignUpkeepActivities } from '../activities/designs/upkeep.activities.ts';
import { createExportActivities } from '../activities/identity/export.activities.ts';
import { withHeartbeats } from '../activities/heartbeat.ts';
import { createIdentityActivities } from '../activities/identity/identity.activities.ts';
import { createNotificationPersonErasureActivities } from '../activities/notifications/person-erasure.activities.ts';
import { createNoticeUpkeepActivities } from '../activities/notifications/upkeep.activities.ts';
import { createOrderActivities } from '../activities/orders/order.activities.ts';
import { createReturnActivities } from '../activities/orders/return.activities.ts';
import { createOrderPersonErasureActivities } from '../activities/orders/person-erasure.activities.ts';
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
import { createReplayActivities } from '../activities/webhooks/replay.activities.ts';
import { createWebhookExportActivities } from '../activities/webhooks/data-export.activities.ts';
import { createInboundActivities } from '../activities/webhooks/inbound.activities.ts';
import { createInboundUpkeepActivities } from '../activities/webhooks/inbound-upkeep.activities.ts';
import { createWebhookPersonErasureActivities } from '../activities/webhooks/person-erasure.activities.ts';
import type { Domain } from '../domain/domains.ts';
import { ImageProcesses } from '../platform/images/image-process.ts';
import type { PlatformActivities } from '../workflows/platform/messages.ts';
import type { DataExportActivities, TenantErasureActivities } from '../workflows/tenants/messages.ts';

/** What every domain does for the whole: the compiler asks a new one for it. */
type OfEveryDomain = PlatformActivities & TenantErasureActivities & DataExportActivities;

/** The activities that a domain's queue serves. */
export function activitiesOf(domain: Domain, services: WorkerServices): OfEveryDomain {
  const platform = createPlatformActivities(services);
  switch (domain) {
    case 'identity':
      return { ...platform, ...createIdentityActivities(services), ...createExportActivities(services) };
    case 'search':
      return {
        ...platform,
        ...createBatchActivities(services),
        ...createImportActivities(services),
        ...createRecordSetActivities(services),
        ...createSearchCareActivities(services),
        ...createPersonErasureActivities(services),
        ...createDataExportActivities(services, 'search', searchExport),
        ...createSearchErasureActivities(services),
        ...createSearchUpkeepActivities(services),
      };
    case 'webhooks':
      return {
        ...platform,
        ...withHeartbeats(createRecoveryActivities(services)),
        ...withHeartbeats(createReplayActivities(services)),
        ...createOutboundUpkeepActivities(services),
        ...createInboundActivities(services),
        ...createInboundUpkeepActivities(services),
        ...createTenantErasureActivities(services, 'webhooks', eraseTenantFromWebhooks),
        ...createWebhookPersonErasureActivities(services),
        ...createWebhookExportActivities(services),
      };
    case 'orders':
      return {
        ...platform,
        ...withHeartbeats(createOrderActivities(services)),
        ...withHeartbeats(createReturnActivities(services)),
        ...createTenantErasureActivities(services, 'orders', eraseTenantFromOrders),
        ...createOrderPersonErasureActivities(services),
        ...createDataExportActivities(services, 'orders', ordersExport),
      };
    case 'notifications':
      return {
        ...platform,
        ...createTenantErasureActivities(services, 'notifications', eraseTenantFromNotifications),
        ...createNotificationPersonErasureActivities(services),
        ...createDataExportActivities(services, 'notifications', notificationsExport),
        ...createNoticeUpkeepActivities(services),
      };
    case 'designs': {
      const images = new ImageProcesses();
      return {
        ...platform,
        ...createPreviewActivities(services, images),
        ...createOptimisationActivities(services, images),
        ...createDesignUpkeepActivities(services),
        ...createDesignErasureActivities(services),
        ...createDataExportActivities(services, 'designs', designsExport),
      };
    }
    case 'audit':
      return {
        ...platform,
        ...createTenantErasureActivities(services, 'audit', redactTenant),
        ...createDataExportActivities(services, 'audit', auditExport),
      };
  }
}
