import type { ExportedFile } from '../../db/exported-file.ts';
import type { Domain } from '../../domain/domains.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { exportOfPerson } from './export-of-person.ts';
import { exportSlice } from './export-slice.ts';

/**
 * What a domain gives to exports, of an organisation and of a person.
 *
 * @param openerFor opens what is sealed in a line of a tenant, for an export of a person, who is found by what it says
 */
export function createDataExportActivities(
  { database, storage, config }: Pick<WorkerServices, 'database' | 'storage' | 'config'>,
  domain: Domain,
  files: readonly ExportedFile[],
  openerFor: (tenantId: string) => (line: string) => string = () => (line) => line,
): DataExportActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const source = { database, storage, domain, files };
  return {
    exportPart: (input) =>
      withHeartbeat((signal) =>
        input.kind === 'person'
          ? exportOfPerson({ ...source, open: openerFor(input.tenantId) }, box, input, signal)
          : exportSlice(source, input, signal),
      ),
  };
}
