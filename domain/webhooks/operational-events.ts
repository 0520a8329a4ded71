import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';

const endpointId = '01989b2e-0000-7000-8000-000000000001';
const messageId = '01989b2e-0000-7000-8000-000000000002';
const endpoint = z.object({ endpoint_id: z.string() });
const message = endpoint.extend({
  message_id: z.string(),
  message_type: z.string(),
  attempts: z.int(),
});
const messageExample = {
  endpoint_id: endpointId,
  message_id: messageId,
  message_type: 'batch.completed',
  attempts: 8,
};

/** What webhooks tell of themselves. An endpoint never hears of itself, and nobody of a message that told of one. */
export const operationalEvents: readonly PublicEvent[] = [
  one('endpoint.created', 'An endpoint was made.', endpoint, { endpoint_id: endpointId }),
  one('endpoint.updated', 'An endpoint was changed.', endpoint.extend({ changed: z.array(z.string()) }), {
    endpoint_id: endpointId,
    changed: ['event_types'],
  }),
  one('endpoint.paused', 'Messages for an endpoint are collected, not sent.', endpoint, {
    endpoint_id: endpointId,
  }),
  one('endpoint.enabled', 'Messages are sent to an endpoint again.', endpoint, { endpoint_id: endpointId }),
  one(
    'endpoint.disabled',
    'An endpoint gets nothing any more: by its owner, its own 410, or 120 hours of failures.',
    endpoint.extend({ reason: z.string() }),
    { endpoint_id: endpointId, reason: 'failing' },
  ),
  one('endpoint.deleted', 'An endpoint was deleted.', endpoint, { endpoint_id: endpointId }),
  one(
    'endpoint.secret_rotated',
    'An endpoint has a new secret; the old one signs beside it until the moment named.',
    endpoint.extend({ old_secret_until: z.string() }),
    { endpoint_id: endpointId, old_secret_until: '2036-11-21T00:00:00.000Z' },
  ),
  one(
    'message.attempt_exhausted',
    'The last attempt at a message has failed.',
    message.extend({ status: z.int().nullable(), problem: z.string().nullable() }),
    { ...messageExample, status: 500, problem: null },
  ),
  one(
    'message.recovered',
    'A message has arrived whose attempts had been exhausted.',
    message,
    messageExample,
  ),
];

function one(
  type: string,
  summary: string,
  data: z.ZodObject,
  example: Record<string, unknown>,
): PublicEvent {
  return { ...firstVersion(type, type, summary, data, example), operational: true };
}
