import type { ExportKind } from '../../domain/identity/export.ts';

/** Every domain has it on its own queue, for what it keeps of tenants. */
export interface TenantErasureActivities {
  /** Erases for some seconds. Gives how much went, and whether any is left. Idempotent by nature. */
  eraseTenantData(input: { tenantId: string }): Promise<{ removed: number; left: boolean }>;
}

export interface PersonErasureInput {
  erasureId: string;
  tenantId: string;
  /** When it was asked for, ISO 8601: what came later is not meant. */
  before: string;
}

/** What a domain has erased of a person. */
export interface PersonErasurePart {
  /** Of each kind, over all attempts and rounds. */
  counts: Record<string, number>;
  /** What must end before its part can be erased, as `order:<id>`; some of it when it is much. */
  waiting: string[];
}

/** The domains that keep something of people have it on their own queues. */
export interface PersonErasureActivities {
  /**
   * Erases what it keeps of the person whose sealed words lie in the storage. Finds nothing when it is repeated, and counts
   * nothing twice.
   */
  erasePersonData(input: PersonErasureInput): Promise<PersonErasurePart>;
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
  /** Its rows name files in the storage, which go into the archive beside it. */
  withFiles?: true;
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
