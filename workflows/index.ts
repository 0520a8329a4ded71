/** Every workflow there is: an export is a registered type, so a name here is never changed once released. */
export { deleteExport, expireExports } from './identity/delete-export.ts';
export { deleteUser } from './identity/delete-user.ts';
export { eraseTenant } from './identity/erase-tenant.ts';
export { exportData } from './identity/export-data.ts';
export { cleanIdentity, resealTenantKeys, rotateSigningKeys } from './identity/upkeep.ts';
export { tidyNotices } from './notifications/upkeep.ts';
export { fulfillOrder } from './orders/fulfill-order.ts';
export { refundOrder } from './orders/refund-order.ts';
export { returnOrder } from './orders/return-order.ts';
export { cleanDomain } from './platform/clean-domain.ts';
export { aggregateSearchStatistics, tidySearches } from './search/care.ts';
export { deleteRecordSet } from './search/delete-record-set.ts';
export { erasePerson } from './search/erase-person.ts';
export { importRecords } from './search/import-records.ts';
export { runBatch } from './search/run-batch.ts';
export { expireSearchFiles, purgeBatch } from './search/upkeep.ts';
export { resealWebhookSecrets, tidyMessages } from './webhooks/outbound-upkeep.ts';
export { recoverMessages } from './webhooks/recover-messages.ts';
export {
  forgetInboundWebhooks,
  reconcileWebhookSources,
  wakeInboundWebhooks,
} from './webhooks/inbound-upkeep.ts';
export { processInbound } from './webhooks/process-inbound.ts';
export { replayWebhooks } from './webhooks/replay-webhooks.ts';
export { renderPreview } from './designs/render-preview.ts';
export { optimiseDesign } from './designs/optimise-design.ts';
export { tidyDesigns } from './designs/tidy-designs.ts';
