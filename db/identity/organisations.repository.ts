import { LockMode } from '@mikro-orm/postgresql';
import { Failure } from '../../domain/failure.ts';
import type { Plan } from '../../domain/identity/plans.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { UnitOfWork } from '../database.ts';
import { withDates } from '../timestamps.ts';
import { Organisation } from './organisation.entity.ts';

/** One organisation. */
export class OrganisationRepository {
  readonly #unit: UnitOfWork;
  readonly #tenantId: string;

  constructor(unit: UnitOfWork, tenantId: string) {
    this.#unit = unit;
    this.#tenantId = tenantId;
  }

  async get(): Promise<Organisation> {
    return found(await this.#unit.em.findOne(Organisation, { id: this.#tenantId, deletedAt: null }));
  }

  /** The organisation, held until the transaction ends: whoever changes its members takes this lock first. */
  async lock(): Promise<Organisation> {
    return found(
      await this.#unit.em.findOne(
        Organisation,
        { id: this.#tenantId, deletedAt: null },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      ),
    );
  }

  async add(name: string, plan: Plan): Promise<Organisation> {
    const now = new Date();
    const made = this.#unit.em.create(Organisation, {
      id: this.#tenantId,
      name,
      plan,
      version: 1,
      createdAt: now,
      updatedAt: now,
    });
    await this.#unit.em.flush();
    return made;
  }
}

export interface OrganisationOfUser {
  id: string;
  name: string;
  plan: Plan;
  role: Role;
  memberSince: Date;
}

/** The organisations that a user belongs to, the oldest membership first. */
export async function organisationsOf({ sql }: UnitOfWork, userId: string): Promise<OrganisationOfUser[]> {
  const rows = await sql<OrganisationOfUser>(
    `select o.id, o.name, o.plan, m.role, m.created_at as "memberSince"
     from identity.memberships m join identity.organisations o on o.id = m.tenant_id and o.deleted_at is null
     where m.user_id = $1 order by m.created_at, o.id`,
    [userId],
  );
  return withDates(rows, ['memberSince']);
}

function found(organisation: Organisation | null): Organisation {
  if (!organisation) throw new Failure('identity.organisation_not_found', 'There is no such organisation.');
  return organisation;
}
