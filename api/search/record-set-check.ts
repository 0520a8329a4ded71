import type { Database } from '../../db/database.ts';
import { findRecordSetIds } from '../../db/search/record-set-ids.ts';
import { Failure } from '../../domain/failure.ts';

/** Refuses record sets that are not the tenant's: a mistyped id must not pass for nobody found. */
export async function requireRecordSets(
  database: Database,
  tenantId: string,
  ids: readonly string[],
): Promise<void> {
  const known = new Set(await database.read('search', ({ sql }) => findRecordSetIds(sql, tenantId, ids)));
  const issues = ids.flatMap((id, index) =>
    known.has(id.toLowerCase())
      ? []
      : [{ pointer: `/body/record_set_ids/${index}`, message: 'There is no such record set.' }],
  );
  if (issues.length > 0)
    throw new Failure('search.record_set_not_found', 'There is no such record set.', { issues });
}
