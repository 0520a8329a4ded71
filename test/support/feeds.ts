import { v7 as uuidv7 } from 'uuid';
import { createAccessTokens } from '../../api/identity/access-tokens.ts';
import type { Database } from '../../db/database.ts';
import type { NewFeedItem } from '../../db/notifications/feed-item.ts';
import { appendToFeeds } from '../../db/notifications/feed.repository.ts';
import { makeSession, type Caller } from './accounts.ts';
import type { TestApi } from './api.ts';

/** An item for somebody's feed. */
export function feedItem(
  { tenantId, userId }: { tenantId: string; userId: string },
  given: Partial<NewFeedItem> = {},
): NewFeedItem {
  return {
    notificationId: uuidv7(),
    tenantId,
    userId,
    category: 'orders',
    type: 'order.shipped',
    title: 'Your order is on its way',
    body: 'Order 1001 was handed to the carrier.',
    data: { number: '1001' },
    link: '/v1/orders/1001',
    severity: 'info',
    ...given,
  };
}

/** Puts items into feeds. Gives how many were new. */
export async function tell(database: Database, ...items: NewFeedItem[]): Promise<number> {
  return await database.transaction('notifications', (transaction) => appendToFeeds(transaction, items));
}

/** The same user by a session that is over in a second. */
export async function shortly({ services }: TestApi, caller: Caller): Promise<Caller> {
  const sessionId = await makeSession(services.database, caller);
  await services.database.transaction('identity', ({ sql }) =>
    sql(`update identity.sessions set expires_at = now() + interval '1 second' where id = $1`, [sessionId]),
  );
  const { token } = await createAccessTokens(services).issue({ ...caller, sessionId });
  return { ...caller, authorization: `Bearer ${token}` };
}
