import type { SourceKind } from '../../domain/webhooks/inbound/source.ts';
import type { Sql } from '../sql.ts';
import { mostCandidates, sourceColumns, type StoredSource } from './source.repository.ts';

/** Who may have sent a request, whichever tenant's it is: the proof is still to be looked at. */
export interface SourceCandidate extends StoredSource {
  /** A secret of it is one of another tenant's source too, so that it does not tell whose a request is. */
  shared: boolean;
}

/** Whether a secret of the source `s` is one of another tenant's source too. */
export const sharesSecret = `exists (
  select 1 from webhooks.sources o where o.kind = s.kind and o.tenant_id <> s.tenant_id
    and o.secret_fingerprints && s.secret_fingerprints)`;

const columns = `${sourceColumns}, ${sharesSecret} as shared`;

/** By its own address. */
export async function candidateById(sql: Sql, id: string): Promise<SourceCandidate[]> {
  return await sql<SourceCandidate>(
    `select ${columns} from webhooks.sources s where s.id = $1 and s.state <> 'deleted'`,
    [id],
  );
}

/** By kind, and by account where the request names one. */
export async function candidatesOf(
  sql: Sql,
  kind: SourceKind,
  account: string | null,
): Promise<SourceCandidate[]> {
  return await sql<SourceCandidate>(
    `select ${columns} from webhooks.sources s where s.kind = $1 and ($2::text is null or s.account = $2)
       and s.state <> 'deleted'
     order by s.created_at, s.id limit ${mostCandidates}`,
    [kind, account],
  );
}
