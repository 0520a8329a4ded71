/** How far an import into a record set has come. */
export const importPhases = [
  'submitted',
  'validating',
  'importing',
  'publishing',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type ImportPhase = (typeof importPhases)[number];

/**
 * `append` adds people to those there are; one with the external id of somebody takes their place. `replace`: the new
 * people take the place of all, at once and for every reader.
 */
export const importModes = ['append', 'replace'] as const;
export type ImportMode = (typeof importModes)[number];

const finished: ReadonlySet<ImportPhase> = new Set(['completed', 'failed', 'cancelled', 'expired']);

export function isImportFinished(phase: ImportPhase): boolean {
  return finished.has(phase);
}
