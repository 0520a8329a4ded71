import type { Sql } from '../../db/sql.ts';
import type { Domain } from '../../domain/domains.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { eraseInSlices } from './erase-in-slices.ts';

/**
 * What a domain erases of a tenant that is gone.
 *
 * @param eraseRows erases up to so many rows of each kind, and gives how many went; 0 when none are left
 * @param eraseFiles erases what is no row, after each slice, and gives how many files went
 */
export function createTenantErasureActivities(
  { database }: Pick<WorkerServices, 'database'>,
  domain: Domain,
  eraseRows: (sql: Sql, tenantId: string, limit: number) => Promise<number>,
  eraseFiles: (tenantId: string) => Promise<number> = () => Promise.resolve(0),
): TenantErasureActivities {
  return {
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        const rows = await eraseInSlices(signal, (limit) =>
          database.transaction(domain, ({ sql }) => eraseRows(sql, tenantId, limit)),
        );
        const files = await eraseFiles(tenantId);
        return { removed: rows.removed + files, left: rows.left };
      }),
  };
}
