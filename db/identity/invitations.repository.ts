import { LockMode } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { GrantableRole } from '../../domain/identity/roles.ts';
import type { UnitOfWork } from '../database.ts';
import { Invitation } from './invitation.entity.ts';

/** The open invitations of one organisation. */
export class InvitationRepository {
  readonly #unit: UnitOfWork;
  readonly #tenantId: string;

  constructor(unit: UnitOfWork, tenantId: string) {
    this.#unit = unit;
    this.#tenantId = tenantId;
  }

  async add(invitation: { email: string; role: GrantableRole; invitedBy: string }): Promise<Invitation> {
    const now = new Date();
    const made = this.#unit.em.create(Invitation, {
      id: uuidv7(),
      tenantId: this.#tenantId,
      ...invitation,
      createdAt: now,
      expiresAt: new Date(now.getTime() + lifetimes.invitation * 1_000),
    });
    await this.#unit.em.flush();
    return made;
  }

  async list(limit: number, after: string | null): Promise<Invitation[]> {
    return await this.#unit.em.find(
      Invitation,
      { ...this.#open(), ...(after ? { id: { $lt: after } } : {}) },
      { orderBy: { id: 'desc' }, limit },
    );
  }

  async get(id: string): Promise<Invitation> {
    const invitation = await this.#unit.em.findOne(Invitation, { ...this.#open(), id });
    if (!invitation) throw new Failure('identity.invitation_not_found', 'There is no such invitation.');
    return invitation;
  }

  async hasOpen(email: string): Promise<boolean> {
    return (await this.#unit.em.count(Invitation, { ...this.#open(), email })) > 0;
  }

  #open() {
    return {
      tenantId: this.#tenantId,
      acceptedAt: null,
      revokedAt: null,
      expiresAt: { $gt: new Date() },
    };
  }
}

/** The invitation behind a link, whichever organisation's, held until the transaction ends; null when it is over. */
export async function lockInvitation({ em }: UnitOfWork, id: string): Promise<Invitation | null> {
  return await em.findOne(
    Invitation,
    { id, acceptedAt: null, revokedAt: null, expiresAt: { $gt: new Date() } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}
