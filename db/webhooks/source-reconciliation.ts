import type { Sql } from '../sql.ts';
import { sourceColumns, type StoredSource } from './source.repository.ts';

/** Takes a source whose provider is to be asked, and puts it off, so that no other worker asks meanwhile. */
export async function takeSourceToReconcile(sql: Sql, minutes: number): Promise<StoredSource | null> {
  const [row] = await sql<StoredSource>(
    `update webhooks.sources s set reconcile_due_at = now() + make_interval(mins => $1) where id = (
       select id from webhooks.sources
       where reconcile_due_at <= now() and state = 'active' and credentials is not null
       order by reconcile_due_at limit 1 for update skip locked)
     returning ${sourceColumns}`,
    [minutes],
  );
  return row ?? null;
}

/** Notes how far a source was asked, or why it was not. */
export async function noteReconciliation(
  sql: Sql,
  id: string,
  given: { until: Date } | { error: string },
): Promise<void> {
  await sql(
    `update webhooks.sources set reconciled_until = coalesce($2::timestamptz, reconciled_until), reconcile_error = $3
     where id = $1`,
    [id, 'until' in given ? given.until : null, 'error' in given ? given.error : null],
  );
}

/** Of things that a provider lists, those that are known here as new as they are there: nothing was missed of them. */
export async function knownEntities(
  sql: Sql,
  sourceId: string,
  listed: readonly { kind: string; externalId: string; updatedAt: Date | null }[],
): Promise<Set<string>> {
  const rows = await sql<{ key: string }>(
    `select e.kind || ':' || e.external_id as key
     from jsonb_to_recordset($2::jsonb) as given (kind text, "externalId" text, "updatedAt" timestamptz)
     join webhooks.inbound_entities e
       on e.source_id = $1 and e.kind = given.kind and e.external_id = given."externalId"
     where e.state_at >= given."updatedAt"`,
    [sourceId, JSON.stringify(listed)],
  );
  return new Set(rows.map(({ key }) => key));
}
