import type { Database } from '../../db/database.ts';
import { Failure } from '../../domain/failure.ts';
import { parseExact } from '../../domain/webhooks/inbound/exact-json.ts';
import type { SourceSecrets } from './source-secrets.ts';

/**
 * What stood in an event that came in, for the domains that listen to it: events of the outbox are kept for good and name
 * persons nowhere, so they carry `inbound_id`, and the content is fetched here.
 *
 * @throws Failure `webhooks.inbound_not_found`; `webhooks.inbound_erased` when its time is over
 */
export async function readInboundContent(
  database: Database,
  secrets: SourceSecrets,
  tenantId: string,
  inboundId: string,
): Promise<unknown> {
  const [row] = await database.read('webhooks', ({ sql }) =>
    sql<{ deliveryId: string; body: string | null }>(
      `select d.id as "deliveryId", d.body from webhooks.inbound_events e
       join webhooks.inbound_deliveries d on d.id = e.delivery_id where e.tenant_id = $1 and e.id = $2`,
      [tenantId, inboundId],
    ),
  );
  if (!row) throw new Failure('webhooks.inbound_not_found', 'There is no such webhook.');
  if (row.body === null) throw new Failure('webhooks.inbound_erased', 'What stood in it was erased.');
  return parseExact(secrets.openBody(tenantId, row.deliveryId, row.body));
}
