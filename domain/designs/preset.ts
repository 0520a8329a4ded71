import type { DesignDocument } from './document.ts';

/** A design to begin with. */
export interface Preset {
  id: string;
  /** What it is for, e.g. `id-tags`. */
  category: string;
  name: string;
  description: string;
  document: DesignDocument;
  /** It comes with the product: every organisation has it, and nobody can change it. */
  builtIn: boolean;
}

/** What a category is called: words with hyphens between them. */
export const categoryPattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
