import { at, idOf, momentOf } from './pointer.ts';
import { textAt } from './read-shopify.ts';
import { required, type Readable, type Reading } from './reading.ts';

/** A parcel that has come to its end. */
const finalStatuses = new Set(['delivered', 'return_to_sender', 'cancelled']);

/** Reads the events of trackers. */
export function readEasyPost({ topic, body }: Readable): Reading | null {
  if (!topic.startsWith('tracker.')) return null;
  const tracker = required(at('/result', body), 'result');
  const externalId = required(idOf(at('/id', tracker)), 'result.id');
  const status = required(textAt('/status', tracker), 'result.status');
  const code = idOf(at('/tracking_code', tracker));
  return {
    event: 'webhook.tracking_updated',
    entity: { kind: 'tracker', externalId },
    occurredAt: momentOf(at('/updated_at', tracker)) ?? momentOf(at('/created_at', body)),
    rank: 0,
    final: finalStatuses.has(status),
    subjects: [`easypost:tracker:${externalId}`, ...(code === null ? [] : [`tracking:${code}`])],
    facts: {
      status,
      status_detail: textAt('/status_detail', tracker),
      carrier: textAt('/carrier', tracker),
      tracking_code: code,
      shipment_id: idOf(at('/shipment_id', tracker)),
      estimated_delivery: textAt('/est_delivery_date', tracker),
    },
  };
}
