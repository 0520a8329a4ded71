import type { Transaction } from '../../db/database.ts';
import { organisationsOf } from '../../db/identity/organisations.repository.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import type { Principal } from '../principal.ts';

/** Tenant of what happens to people who belong to no organisation (yet). */
const noTenant = '00000000-0000-0000-0000-000000000000';

interface Origin {
  principal: Principal | null;
  traceId: string;
}

/** Who did it and in which request, as every event tells. */
export function originOf({ principal, traceId }: Origin): Pick<NewEvent, 'actorId' | 'traceId'> {
  return { actorId: principal?.userId ?? null, traceId };
}

/** Tells every organisation of a user what happened to the user. Lock the user first. */
export async function publishOfUser(
  transaction: Transaction,
  userId: string,
  event: Omit<NewEvent, 'tenantId' | 'subject'>,
): Promise<void> {
  const tenants = await organisationsOf(transaction, userId);
  await transaction.publish(
    ...tenants.map(({ id }) => ({ ...event, tenantId: id, subject: `user:${userId}` })),
  );
}

/** The organisation that an event about a user's own account belongs to: the one joined first. */
export async function homeTenantOf(transaction: Transaction, userId: string | null): Promise<string> {
  const [home] = await organisationsOf(transaction, userId ?? noTenant);
  return home?.id ?? noTenant;
}
