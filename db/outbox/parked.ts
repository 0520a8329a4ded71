import type { Domain } from '../../domain/domains.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** A delivery that its consumer could not take, which is not tried again by itself. */
export interface ParkedDelivery {
  consumer: string;
  position: string;
  eventId: string;
  type: string;
  tenantId: string;
  subject: string;
  attempts: number;
  parkedAt: Date;
  lastError: string;
  /** Later deliveries of the same subject that wait behind this one. */
  waiting: number;
}

export async function listParked(sql: Sql, domain: Domain, limit: number): Promise<ParkedDelivery[]> {
  const rows = await sql<ParkedDelivery>(
    `select d.consumer, d.position::text as position, o.id as "eventId", o.type, o.tenant_id as "tenantId", o.subject,
            d.attempts, d.parked_at as "parkedAt", d.last_error as "lastError",
            (select count(*)::int from ${domain}.outbox_deliveries later
             where later.consumer = d.consumer and later.subject = d.subject and later.position > d.position) as waiting
     from ${domain}.outbox_deliveries d join ${domain}.outbox o using (position)
     where d.parked_at is not null order by d.parked_at limit $1`,
    [limit],
  );
  return withDates(rows, ['parkedAt']);
}

/** Lets a parked delivery run again. False when it is not parked (any more). */
export async function replayParked(
  sql: Sql,
  domain: Domain,
  consumer: string,
  position: string,
): Promise<boolean> {
  const rows = await sql(
    `update ${domain}.outbox_deliveries set parked_at = null, attempts = 0, due_at = now()
     where consumer = $1 and position = $2 and parked_at is not null returning position`,
    [consumer, position],
  );
  return rows.length > 0;
}
