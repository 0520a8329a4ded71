import { scopes, type Scope } from './scopes.ts';

/**
 * A person's part in an organisation. An operator runs the platform and sees no tenant's data, but for the references in
 * the histories of workflows.
 */
export const roles = ['owner', 'admin', 'member', 'viewer', 'operator'] as const;

export type Role = (typeof roles)[number];

/**
 * The roles that people of an organisation give each other. Operators are made by whoever runs the platform, never
 * through the API: they see the outbox of all tenants.
 */
export const grantableRoles = ['owner', 'admin', 'member', 'viewer'] as const satisfies readonly Role[];

export type GrantableRole = (typeof grantableRoles)[number];

const operating: readonly Scope[] = ['outbox:read', 'outbox:write', 'codec:read'];
/** What is an owner's alone: the end of the organisation, and all its data in one file. */
const owning: readonly Scope[] = ['organisation:delete', 'exports:read', 'exports:write'];
const own: readonly Scope[] = ['account:read', 'account:write', 'notifications:read', 'notifications:write'];
const reading: readonly Scope[] = [
  ...own,
  'records:read',
  'providers:read',
  'search:read',
  'processes:read',
  'batches:read',
  'webhooks:read',
  'orders:read',
  'stock:read',
  'designs:read',
];
const working: readonly Scope[] = [
  ...reading,
  'records:write',
  'search:run',
  'batches:write',
  'orders:write',
  'stock:write',
  'designs:write',
  'keys:read',
  'keys:write',
];

const granted: Record<Role, readonly Scope[]> = {
  owner: scopes.filter((scope) => !operating.includes(scope)),
  admin: scopes.filter((scope) => !operating.includes(scope) && !owning.includes(scope)),
  member: working,
  viewer: reading,
  operator: [...own, ...operating],
};

/** The scopes a role grants. */
export function scopesOf(role: Role): readonly Scope[] {
  return granted[role];
}

/** Whether someone in a role may give, change or take away another role: only owners deal with owners. */
export function mayGrant(actor: Role, role: Role): boolean {
  if (role === 'operator') return false;
  if (actor === 'owner') return true;
  return actor === 'admin' && role !== 'owner';
}

/** Whether someone in a role sees and revokes the API keys of others in the organisation. */
export function managesKeysOfOthers(role: Role): boolean {
  return role === 'owner' || role === 'admin';
}
