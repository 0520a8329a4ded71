import { v7 as uuidv7 } from 'uuid';
import type { NewEvent } from '../../domain/events/event.ts';
import type { Plan } from '../../domain/identity/plans.ts';
import type { Transaction } from '../database.ts';
import { MemberRepository } from './members.repository.ts';
import type { Organisation } from './organisation.entity.ts';
import { OrganisationRepository } from './organisations.repository.ts';

/** Founds an organisation with its first owner. */
export async function foundOrganisation(
  transaction: Transaction,
  founding: { id?: string; name: string; plan?: Plan; ownerId: string },
  origin: Pick<NewEvent, 'actorId' | 'traceId'>,
): Promise<Organisation> {
  const { id = uuidv7(), name, plan = 'standard', ownerId } = founding;
  const organisation = await new OrganisationRepository(transaction, id).add(name, plan);
  await new MemberRepository(transaction, id).add(ownerId, 'owner');
  await transaction.publish({
    type: 'organisation.created',
    tenantId: id,
    subject: `organisation:${id}`,
    data: { organisation_id: id },
    ...origin,
  });
  return organisation;
}
