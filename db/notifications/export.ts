import type { ExportedFile } from '../exported-file.ts';

/** What notifications gives to an export. */
export const notificationsExport: readonly ExportedFile[] = [];
