import type { Access } from '../../domain/designs/access.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';

/** What a design, or a version, was made of. */
export interface Origin {
  kind: 'preset' | 'design' | 'link' | 'restored' | 'optimised';
  /** Of the preset or design; a design of another organisation is not named. */
  id?: string;
  version?: number;
}

export interface Design {
  id: string;
  tenantId: string;
  name: string;
  tags: string[];
  productSku: string | null;
  /** Of the newest document. */
  version: number;
  /** Counts every change that people make. */
  revision: number;
  origin: Origin | null;
  createdBy: string;
  orderedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  /** What whoever asks may do with it. */
  access: Access;
}

/** A version without what stands in it. */
export interface VersionFacts {
  designId: string;
  number: number;
  contentHash: string;
  madeFrom: Origin | null;
  /** Since when an order names it; null while none does. */
  frozenAt: Date | null;
  createdBy: string | null;
  createdAt: Date;
}

export interface Version extends VersionFacts {
  document: DesignDocument;
  assets: string[];
}

/** Who asks for designs. Null: the system, which sees them all. */
export type Asker = { userId: string; everyDesign: boolean } | null;
