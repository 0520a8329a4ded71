import { z } from 'zod';
import { severities } from '../../domain/notifications/feed.ts';

const moment = z.iso.datetime({ offset: true });

export const feedItemShape = z
  .object({
    id: z.uuid(),
    sequence: z.int().meta({ description: 'Its place in the feed: later ones are greater.' }),
    category: z.string().meta({ example: 'orders' }),
    type: z.string().meta({ description: 'Which notice it is.', example: 'order.shipped' }),
    title: z.string(),
    body: z.string(),
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What the text is made of, for clients that write their own.' }),
    link: z.string().nullable().meta({ description: 'Address of what it is about.' }),
    severity: z.enum(severities),
    created_at: moment,
    read_at: moment.nullable(),
    archived_at: moment.nullable(),
  })
  .meta({ id: 'FeedItem' });

export const unreadShape = z.object({ unread: z.int().meta({ description: 'Items that are unread.' }) });

export const sweptShape = unreadShape.extend({
  changed: z.int().meta({ description: 'Items that this has changed.' }),
});

/** Which items are marked together. */
export const sweepShape = z.strictObject({
  up_to: z.uuid().optional().meta({
    description: 'The last item that the user has seen: what has come since stays as it is. All without it.',
    example: '019a2f6e-7c1d-7a00-8000-000000000001',
  }),
  category: z.string().min(1).max(100).optional().meta({ example: 'orders' }),
});

export const itemShape = z.strictObject({
  id: z.uuid().meta({ example: '019a2f6e-7c1d-7a00-8000-000000000001' }),
});
