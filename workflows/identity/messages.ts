import type { Domain } from '../../domain/domains.ts';
import type { ExportKind } from '../../domain/identity/export.ts';
import type { ExportPart } from '../tenants/messages.ts';

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

export const exportWorkflowId = (exportId: string): string => `export:${exportId}`;

export const exportDeletionWorkflowId = (exportId: string): string => `export-deletion:${exportId}`;

export interface OfExport {
  exportId: string;
  tenantId: string;
}

export interface ExportDataInput extends OfExport {
  kind: ExportKind;
  /** Who has asked; for an account, whose it is. */
  userId: string;
  /** Each gives its part, in this order. */
  domains: readonly Domain[];
}

/** The steps of an export that are identity's. Each brings things to where they should be, and can be repeated. */
export interface ExportActivities {
  /** Marks it as under way and tells the domains, sealed, who is looked for. Not wanted once its owner has deleted it. */
  beginExport(input: OfExport): Promise<{ wanted: boolean }>;
  /** Makes the archive of the parts, ends the export, and deletes the parts. */
  archiveExport(input: OfExport & { parts: ExportPart[] }): Promise<void>;
  /** Ends it without an archive. */
  failExport(input: OfExport & { code: string }): Promise<void>;
  /** Ends the workflow of an export that was deleted. Gives whether it was running. */
  endExportWorkflow(input: OfExport): Promise<{ ended: boolean }>;
  deleteExportFiles(input: OfExport): Promise<void>;
  /** Deletes some archives whose time is over. Gives how many: call it until that is 0. */
  expireExports(): Promise<{ expired: number }>;
}
