import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';

/**
 * Whoever parks an event and whoever makes its subject known come one after the other, or each might miss the other. Locks are
 * taken in one order, so that they can't wait for each other in a ring.
 */
async function lockSubjects(sql: Sql, tenantId: string, subjects: readonly string[]): Promise<void> {
  for (const subject of [...new Set(subjects)].sort()) {
    await lockName(sql, `webhooks.subjects:${tenantId} ${subject}`);
  }
}

/** Whether one of the subjects is known. If not, the event waits for the first that becomes known. */
export async function waitForSubjects(
  sql: Sql,
  tenantId: string,
  inboundId: string,
  subjects: readonly string[],
): Promise<{ known: boolean }> {
  await lockSubjects(sql, tenantId, subjects);
  const known = await sql(
    'select 1 from webhooks.known_subjects where tenant_id = $1 and subject = any($2) limit 1',
    [tenantId, subjects],
  );
  if (known.length > 0) {
    await sql('delete from webhooks.inbound_waits where event_id = $1', [inboundId]);
    return { known: true };
  }
  await sql(
    `insert into webhooks.inbound_waits (tenant_id, subject, event_id)
     select $1, unnest($2::text[]), $3 on conflict do nothing`,
    [tenantId, subjects, inboundId],
  );
  return { known: false };
}

/** Notes what has become known. Gives the events that waited for it, each with its next run and attempt. */
export async function makeKnown(
  sql: Sql,
  tenantId: string,
  subjects: readonly string[],
): Promise<{ id: string; run: number; attempt: number }[]> {
  await lockSubjects(sql, tenantId, subjects);
  await sql(
    `insert into webhooks.known_subjects (tenant_id, subject) select $1, unnest($2::text[]) on conflict do nothing`,
    [tenantId, subjects],
  );
  return await sql(
    `update webhooks.inbound_events set state = 'received', run = run + 1, next_at = now() + interval '15 minutes'
     where state = 'parked' and id in (
       select event_id from webhooks.inbound_waits where tenant_id = $1 and subject = any($2))
     returning id, run, attempts + 1 as attempt`,
    [tenantId, subjects],
  );
}
