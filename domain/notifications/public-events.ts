import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';
import { categories } from './categories.ts';

/** What notifications tell to endpoints, where an organisation has asked for it. References; what it says is told by what it is about. */
export const notificationPublicEvents: readonly PublicEvent[] = [
  firstVersion(
    'notification.created',
    'notification.created',
    'Somebody is told of something, in a category that the organisation wants to hear of by webhook.',
    z.object({
      id: z.string(),
      kind: z.string(),
      category: z.enum(categories),
      critical: z.boolean(),
      about: z.string(),
      user_id: z.string().nullable(),
    }),
    {
      id: '01989b2e-0000-7000-8000-000000000001',
      kind: 'webhook.endpoint_disabled',
      category: 'webhook_health',
      critical: false,
      about: 'webhook-endpoint:01989b2e-0000-7000-8000-000000000002',
      user_id: '01989b2e-0000-7000-8000-000000000003',
    },
  ),
];
