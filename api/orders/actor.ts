import type { Actor } from '../../db/orders/actor.ts';
import type { Request } from '../route.ts';

/** Who does something to an order by the API. */
export function actorOf({ principal, traceId }: Request): Actor {
  return { kind: 'user', userId: principal.userId, traceId };
}
