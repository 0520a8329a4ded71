import { Failure } from '../../domain/failure.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { UnitOfWork } from '../database.ts';
import { withDates } from '../timestamps.ts';
import { Membership } from './membership.entity.ts';

/** A member as the organisation sees one. */
export interface Member {
  userId: string;
  name: string;
  email: string;
  role: Role;
  memberSince: Date;
}

/** The members of one organisation. */
export class MemberRepository {
  readonly #unit: UnitOfWork;
  readonly #tenantId: string;

  constructor(unit: UnitOfWork, tenantId: string) {
    this.#unit = unit;
    this.#tenantId = tenantId;
  }

  /** By the user's ID, behind the given one. */
  async list(filter: { role?: Role | undefined }, limit: number, after: string | null): Promise<Member[]> {
    const rows = await this.#unit.sql<Member>(
      `${this.#select} and ($2::text is null or m.role = $2) and ($3::uuid is null or m.user_id > $3)
       order by m.user_id limit $4`,
      [this.#tenantId, filter.role ?? null, after, limit],
    );
    return withDates(rows, ['memberSince']);
  }

  /** Throws `identity.member_not_found` for somebody who is no member here. */
  async get(userId: string): Promise<Member> {
    const rows = await this.#unit.sql<Member>(`${this.#select} and m.user_id = $2`, [this.#tenantId, userId]);
    const [member] = withDates(rows, ['memberSince']);
    if (!member) throw new Failure('identity.member_not_found', 'There is no such member.');
    return member;
  }

  async hasEmail(email: string): Promise<boolean> {
    const rows = await this.#unit.sql(`${this.#select} and u.email = $2`, [this.#tenantId, email]);
    return rows.length > 0;
  }

  async count(): Promise<number> {
    return await this.#unit.em.count(Membership, { tenantId: this.#tenantId });
  }

  async add(userId: string, role: Role): Promise<void> {
    this.#unit.em.create(Membership, { tenantId: this.#tenantId, userId, role, createdAt: new Date() });
    await this.#unit.em.flush();
  }

  async setRole(userId: string, role: Role): Promise<void> {
    await this.#unit.em.nativeUpdate(Membership, { tenantId: this.#tenantId, userId }, { role });
  }

  async remove(userId: string): Promise<void> {
    await this.#unit.em.nativeDelete(Membership, { tenantId: this.#tenantId, userId });
  }

  /**
   * Fails when nobody else would own the organisation. Take the organisation's lock first, or two owners can go at once.
   *
   * @throws Failure `identity.last_owner`
   */
  async requireOtherOwner(userId: string): Promise<void> {
    const others = await this.#unit.em.count(Membership, {
      tenantId: this.#tenantId,
      role: 'owner',
      userId: { $ne: userId },
    });
    if (others === 0) {
      throw new Failure('identity.last_owner', 'An organisation keeps at least one owner.');
    }
  }

  readonly #select = `select u.id as "userId", u.name, u.email, m.role, m.created_at as "memberSince"
    from identity.memberships m join identity.users u on u.id = m.user_id
    where m.tenant_id = $1 and u.erased_at is null`;
}
