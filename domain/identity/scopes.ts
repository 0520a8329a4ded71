/** What a caller may do. Routes ask for one; roles and API keys grant them. */
export const scopes = [
  'account:read',
  'account:write',
  'members:read',
  'members:write',
  'organisation:write',
  'organisation:delete',
  'keys:read',
  'keys:write',
  'audit:read',
  'records:read',
  'records:write',
  'providers:read',
  'providers:write',
  'search:run',
  'search:read',
  'processes:read',
  'batches:read',
  'batches:write',
  'erasures:read',
  'erasures:write',
  'outbox:read',
  'outbox:write',
  'codec:read',
] as const;

export type Scope = (typeof scopes)[number];
