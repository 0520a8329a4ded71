/** Whose data is exported: all of an organisation, of a user's own account, or what an organisation keeps of one person. */
export const exportKinds = ['organisation', 'account', 'person'] as const;

export type ExportKind = (typeof exportKinds)[number];

export const exportStates = ['submitted', 'running', 'completed', 'failed', 'expired'] as const;

export type ExportState = (typeof exportStates)[number];

/** How long an archive can be fetched, in days. */
export const exportLifetimeDays = 7;

/** How long a link to it is good, in seconds. */
export const exportLinkSeconds = 15 * 60;

/** Where the files of exports lie, with a folder a tenant and one an export. */
export const exportsFolder = 'exports';

export function exportFolder(tenantId: string, exportId: string): string {
  return `${exportsFolder}/${tenantId}/${exportId}/`;
}

/** The sealed words of whom to look for, while an export of a person runs. */
export function exportSubjectKey(tenantId: string, exportId: string): string {
  return `${exportFolder(tenantId, exportId)}subject`;
}

/** What they are bound to: they open for their export alone. */
export function exportContext(tenantId: string, exportId: string): string[] {
  return ['export', tenantId, exportId];
}
