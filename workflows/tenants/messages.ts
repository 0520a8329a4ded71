import type { ExportKind } from '../../domain/identity/export.ts';

/** Every domain has it on its own queue, for what it keeps of tenants. */
export interface TenantErasureActivities {
  /** Erases for some seconds. Gives how much went, and whether any is left. Idempotent by nature. */
  eraseTenantData(input: { tenantId: string }): Promise<{ removed: number; left: boolean }>;
}

/** Where in what is to be exported a slice begins. */
export interface ExportPlace {
  file: string;
  /** The key of the last row that is exported; null before the first. */
  after: string[] | null;
}

/** A piece of a file of an archive, in the storage. */
export interface ExportPart {
  /** Name in the archive. */
  file: string;
  about: string;
  key: string;
  rows: number;
}

export interface ExportSliceInput {
  exportId: string;
  tenantId: string;
  kind: ExportKind;
  /** Who has asked; for an account, whose it is. */
  userId: string;
  /** Null at the beginning. */
  from: ExportPlace | null;
}

export interface ExportSlice {
  parts: ExportPart[];
  /** Null when the domain has given all that it keeps. */
  next: ExportPlace | null;
}

/** Every domain has it on its own queue, for what it keeps of tenants, of accounts and of people. */
export interface DataExportActivities {
  /**
   * Writes what it keeps into the storage for a minute at most. A repetition writes parts of its own, and what it tells is
   * what counts: parts that nobody tells of are deleted with the export's folder.
   */
  exportPart(input: ExportSliceInput): Promise<ExportSlice>;
}
