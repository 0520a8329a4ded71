import { newHealth, type EndpointHealth } from '../../domain/webhooks/endpoint-health.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

const columns = `failures, outages, failing_since as "failingSince", open_until as "openUntil",
  hold_until as "holdUntil", last_success_at as "lastSuccessAt", last_failure_at as "lastFailureAt"`;

/** How the endpoints fare, by their IDs. */
export async function readHealth(
  sql: Sql,
  endpointIds: readonly string[],
  lock = false,
): Promise<Map<string, EndpointHealth>> {
  const rows = await sql<EndpointHealth & { endpointId: string }>(
    `select endpoint_id as "endpointId", ${columns} from webhooks.endpoint_health
     where endpoint_id = any($1::uuid[]) order by endpoint_id ${lock ? 'for update' : ''}`,
    [endpointIds],
  );
  const dates = ['failingSince', 'openUntil', 'holdUntil', 'lastSuccessAt', 'lastFailureAt'] as const;
  return new Map(withDates(rows, dates).map(({ endpointId, ...health }) => [endpointId, health]));
}

/** Writes how endpoints fare. The caller holds them locked. */
export async function writeHealth(sql: Sql, healths: ReadonlyMap<string, EndpointHealth>): Promise<void> {
  const rows = [...healths].map(([id, health]) => ({ endpoint_id: id, ...health }));
  await sql(
    `update webhooks.endpoint_health h
     set failures = given.failures, outages = given.outages, failing_since = given."failingSince",
       open_until = given."openUntil", hold_until = given."holdUntil",
       last_success_at = given."lastSuccessAt", last_failure_at = given."lastFailureAt"
     from jsonb_to_recordset($1::jsonb) as given (endpoint_id uuid, failures integer, outages integer,
       "failingSince" timestamptz, "openUntil" timestamptz, "holdUntil" timestamptz,
       "lastSuccessAt" timestamptz, "lastFailureAt" timestamptz)
     where h.endpoint_id = given.endpoint_id`,
    [JSON.stringify(rows)],
  );
}

/** Forgets what was: its owner says that it works, or has changed where it is. The caller holds it locked. */
export async function resetHealth(sql: Sql, endpointId: string): Promise<void> {
  const [before] = (await readHealth(sql, [endpointId])).values();
  const { lastSuccessAt, lastFailureAt } = before ?? newHealth;
  await writeHealth(sql, new Map([[endpointId, { ...newHealth, lastSuccessAt, lastFailureAt }]]));
}
