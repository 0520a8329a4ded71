import { designLimits } from '../../domain/designs/limits.ts';
import type { sharedAccess } from '../../domain/designs/access.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** Somebody of the organisation who has a design that another has made. */
export interface Share {
  userId: string;
  access: (typeof sharedAccess)[number];
  createdBy: string;
  createdAt: Date;
}

/** With whom designs of a tenant are shared by name. The caller has looked whether the design is there. */
export class ShareRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** By the ID of the person. */
  async list(designId: string): Promise<Share[]> {
    const rows = await this.#sql<Share>(
      `select user_id as "userId", access, created_by as "createdBy", created_at as "createdAt"
       from designs.shares where tenant_id = $1 and design_id = $2 order by user_id`,
      [this.#tenantId, designId],
    );
    return withDates(rows, ['createdAt']);
  }

  /**
   * The caller holds the design locked.
   *
   * @returns the share, and whether it is new or another than before
   * @throws Failure `designs.too_many_shares`
   */
  async put(
    designId: string,
    { userId, access, createdBy }: Omit<Share, 'createdAt'>,
  ): Promise<{ share: Share; changed: boolean }> {
    const before = await this.list(designId);
    const known = before.find((share) => share.userId === userId);
    if (known?.access === access) return { share: known, changed: false };
    if (!known && before.length >= designLimits.people)
      throw new Failure(
        'designs.too_many_shares',
        `A design is shared with ${designLimits.people} people at most.`,
      );
    await this.#sql(
      `insert into designs.shares (design_id, user_id, tenant_id, access, created_by) values ($1, $2, $3, $4, $5)
       on conflict (design_id, user_id) do update set access = excluded.access`,
      [designId, userId, this.#tenantId, access, createdBy],
    );
    const share = (await this.list(designId)).find((one) => one.userId === userId);
    if (!share) throw new Error('A share was not kept.');
    return { share, changed: true };
  }

  /** @throws Failure `designs.share_not_found` */
  async delete(designId: string, userId: string): Promise<void> {
    const gone = await this.#sql(
      'delete from designs.shares where tenant_id = $1 and design_id = $2 and user_id = $3 returning 1',
      [this.#tenantId, designId, userId],
    );
    if (gone.length === 0)
      throw new Failure('designs.share_not_found', 'The design is not shared with this person.');
  }
}
