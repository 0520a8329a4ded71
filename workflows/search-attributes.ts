import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The tenant whose process it is. */
export const tenantIdAttribute = defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD);

/** Where the process stands, in the words of its domain: `searching`, `paused`, `completed`. */
export const processStatusAttribute = defineSearchAttributeKey('ProcessStatus', SearchAttributeType.KEYWORD);

/** Every attribute to be registered with the Temporal Service. They are stored in the clear: no personal data. */
export const searchAttributes = { TenantId: 'Keyword', ProcessStatus: 'Keyword' } as const;
