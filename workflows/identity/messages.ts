import type { Domain } from '../../domain/domains.ts';

/** The queue of the domain. */
export const identityQueue = 'identity';

/** One workflow a wish to be deleted: a wish that was taken back and uttered again is another. */
export const userDeletionWorkflowId = (deletionId: string): string => `user-deletion:${deletionId}`;

export interface DeleteUserInput {
  userId: string;
  deletionId: string;
  /** ISO 8601. */
  dueAt: string;
}

export type DeleteUserResult = 'erased' | 'taken_back';

/** A tenant is erased once. */
export const tenantErasureWorkflowId = (tenantId: string): string => `tenant-erasure:${tenantId}`;

export interface EraseTenantInput {
  tenantId: string;
  /** Each erases its part, in this order: the audit log last, as it hears of what the others do. */
  domains: readonly Domain[];
}

export interface IdentityActivities {
  /**
   * Terminates what runs for a tenant that was deleted, until nothing does. Idempotent by nature.
   *
   * @throws Failure `identity.organisation_exists` when nobody has deleted it: nothing may be erased
   */
  endTenantWorkflows(input: { tenantId: string }): Promise<{ ended: number }>;
  /** Destroys the keys that seal the tenant's histories. Idempotent by nature. */
  destroyTenantKeys(input: { tenantId: string }): Promise<void>;
  /** Erases a user, if the wish still stands. Idempotent by the wish. */
  eraseUser(input: { userId: string; deletionId: string }): Promise<DeleteUserResult>;
  /** Adds, reseals and removes signing keys as their age asks for. Idempotent by nature. */
  rotateSigningKeys(): Promise<{ added: string | null; removed: string[] }>;
  /** Seals tenants' keys anew that are not sealed by the ring's first key. Idempotent by nature. */
  resealTenantKeys(): Promise<{ resealed: number }>;
  /** Forgets sessions, links, registrations and counters that are over. Idempotent by nature. */
  cleanIdentity(): Promise<{ removed: number }>;
}
