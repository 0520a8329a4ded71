/** Every workflow there is: an export is a registered type, so a name here is never changed once released. */
export { deleteUser } from './identity/delete-user.ts';
export { cleanIdentity, rotateSigningKeys } from './identity/upkeep.ts';
export { cleanDomain } from './platform/clean-domain.ts';
export { aggregateSearchStatistics, tidySearches } from './search/care.ts';
export { runBatch } from './search/run-batch.ts';
