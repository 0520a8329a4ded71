import { setWorkflowOptions } from '@temporalio/workflow';
import { cleanIdentity, resealTenantKeys, rotateSigningKeys } from './identity/upkeep.ts';
import { cleanDomain } from './platform/clean-domain.ts';
import { aggregateSearchStatistics, tidySearches } from './search/care.ts';
import { expireSearchFiles } from './search/upkeep.ts';

/** Every workflow there is: an export is a registered type, so a name here is never changed once released. */
export { deleteUser } from './identity/delete-user.ts';
export { eraseTenant } from './identity/erase-tenant.ts';
export { cleanIdentity, resealTenantKeys, rotateSigningKeys } from './identity/upkeep.ts';
export { cleanDomain } from './platform/clean-domain.ts';
export { aggregateSearchStatistics, tidySearches } from './search/care.ts';
export { deleteRecordSet } from './search/delete-record-set.ts';
export { erasePerson } from './search/erase-person.ts';
export { importRecords } from './search/import-records.ts';
export { runBatch } from './search/run-batch.ts';
export { expireSearchFiles, purgeBatch } from './search/upkeep.ts';

// With versions of workers (docs/deployment.md), cron work ends under the version that it began under. All others may run
// for days: they move on to the current version at their next step, and so keep to `patched`.
const pinned = { versioningBehavior: 'PINNED' } as const;
setWorkflowOptions(pinned, cleanDomain);
setWorkflowOptions(pinned, cleanIdentity);
setWorkflowOptions(pinned, resealTenantKeys);
setWorkflowOptions(pinned, rotateSigningKeys);
setWorkflowOptions(pinned, aggregateSearchStatistics);
setWorkflowOptions(pinned, expireSearchFiles);
setWorkflowOptions(pinned, tidySearches);
