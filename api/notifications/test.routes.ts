import { z } from 'zod';
import { route, type Route } from '../route.ts';

/** A notice to see whether notices arrive. */
export function createTestNoticeRoutes(): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/notifications/test',
      summary: 'Send yourself a notice',
      description: 'By mail and in your feed, at once, whatever your preferences and the hour.',
      tag: 'Notifications',
      access: 'notifications:write',
      rate: 'login',
      idempotency: { domain: 'notifications', mode: 'transaction' },
      responses: {
        202: { description: 'It is on its way.', body: z.object({ status: z.literal('on_its_way') }) },
      },
      handler: async ({ principal: { tenantId, userId }, traceId }, { publish }) => {
        await publish({
          type: 'notification.test_requested',
          tenantId,
          subject: `user:${userId}`,
          data: { user_id: userId },
          actorId: userId,
          traceId,
        });
        return { status: 202, body: { status: 'on_its_way' } };
      },
    }),
  ];
}
