import type { ExportedFile } from '../exported-file.ts';
import { feedExport } from './feed-export.ts';

/** What notifications gives to an export. */
export const notificationsExport: readonly ExportedFile[] = [...feedExport];
