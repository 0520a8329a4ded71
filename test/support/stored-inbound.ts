import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { logDelivery, type NewDelivery } from '../../db/webhooks/inbound-log.ts';
import { SourceRepository, type NewSource } from '../../db/webhooks/source.repository.ts';

export interface StoredSourceIds {
  id: string;
  tenantId: string;
}

/** A source to be stored whose secrets nobody opens. */
export function newSource(kind: NewSource['kind']): NewSource {
  return {
    id: uuidv7(),
    kind,
    name: 'a test',
    account: null,
    verifier: null,
    reading: {},
    holdUnknown: false,
    secrets: 'sealed',
    secretFingerprints: [],
    credentials: null,
    createdBy: uuidv7(),
  };
}

/** A source of generic webhooks, as a row alone. */
export async function storeSource(database: Database, tenantId: string = uuidv7()): Promise<StoredSourceIds> {
  const source = newSource('generic');
  await database.transaction('webhooks', ({ sql }) => new SourceRepository(sql, tenantId).add(source));
  return { id: source.id, tenantId };
}

/** A webhook of a source, as it is logged; of an event of its own, unless `more` says of which. Gives the ID of a new event. */
export async function storeDelivery(
  database: Database,
  source: StoredSourceIds,
  more: Partial<NewDelivery> = {},
): Promise<string | null> {
  const inboundId = uuidv7();
  const { newEvent } = await logDelivery(database.alone('webhooks'), {
    id: uuidv7(),
    inboundId,
    tenantId: source.tenantId,
    sourceId: source.id,
    verifiedBy: null,
    providerId: inboundId,
    topic: 'event',
    eventId: inboundId,
    traceId: null,
    via: 'webhook',
    headers: {},
    body: 'sealed',
    bodyBytes: 2,
    ...more,
  });
  return newEvent ? inboundId : null;
}
