import { v7 as uuidv7 } from 'uuid';
import type { Category } from '../../domain/notifications/categories.ts';
import type { AddressSpellings } from '../../domain/notifications/erased-address.ts';
import type { SuppressionReason } from '../../domain/notifications/notice.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** An entry of an organisation's suppression list. */
export interface Suppression {
  id: string;
  address: string;
  /** Null: of all categories that can be held back. */
  category: Category | null;
  reason: SuppressionReason;
  detail: string | null;
  /** It was told of by a message that came later. */
  reported: boolean;
  createdBy: string | null;
  createdAt: Date;
}

export interface NewSuppression {
  tenantId: string;
  addressId: string;
  category: Category | null;
  reason: SuppressionReason;
  /** What a server has said, say; no address stands in it. */
  detail: string | null;
  /** It was told of by a message that came later. */
  reported?: boolean;
  createdBy: string | null;
}

/** The row of an address, which is made where there is none. One that was forgotten stays so. */
export async function addressIdOf(
  sql: Sql,
  tenantId: string,
  { plain, erased }: AddressSpellings,
  userId: string | null,
): Promise<string> {
  const [row] = await sql<{ id: string }>(
    `with known as (
       update notifications.addresses set used_at = now(), user_id = coalesce($4, user_id)
       where id = (
         select id from notifications.addresses where tenant_id = $2 and address = any($5::text[]) limit 1)
       returning id
     ), made as (
       insert into notifications.addresses (id, tenant_id, address, user_id)
       select $1::uuid, $2::uuid, $3::text, $4::uuid where not exists (select 1 from known)
       on conflict (tenant_id, address)
       do update set used_at = now(), user_id = coalesce(excluded.user_id, addresses.user_id) returning id
     )
     select id from known union all select id from made`,
    [uuidv7(), tenantId, plain, userId, erased],
  );
  if (!row) throw new Error('The address was not stored.');
  return row.id;
}

/** Whose address it is; null when it is not known any more. */
export async function tenantOfAddress(sql: Sql, addressId: string): Promise<string | null> {
  const [row] = await sql<{ tenantId: string }>(
    `select tenant_id as "tenantId" from notifications.addresses where id = $1`,
    [addressId],
  );
  return row?.tenantId ?? null;
}

/**
 * Puts an address on the list. What is there already stays as it is.
 *
 * @returns the entry, and whether it is new
 */
export async function suppress(
  { sql, publish }: Pick<Transaction, 'sql' | 'publish'>,
  entry: NewSuppression,
): Promise<{ id: string; isNew: boolean }> {
  const [made] = await sql<{ id: string }>(
    `insert into notifications.suppressions (id, tenant_id, address_id, category, reason, detail, created_by, reported)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (address_id, category) do nothing returning id`,
    [
      uuidv7(),
      entry.tenantId,
      entry.addressId,
      entry.category,
      entry.reason,
      entry.detail,
      entry.createdBy,
      entry.reported ?? false,
    ],
  );
  if (made) {
    await publish({
      type: 'notification.address_suppressed',
      tenantId: entry.tenantId,
      subject: `notification-address:${entry.addressId}`,
      data: { suppression_id: made.id, category: entry.category, reason: entry.reason },
      actorId: entry.createdBy,
    });
    return { id: made.id, isNew: true };
  }
  const [found] = await sql<{ id: string }>(
    `select id from notifications.suppressions where address_id = $1 and category is not distinct from $2`,
    [entry.addressId, entry.category],
  );
  if (!found) throw new Error('The entry was neither made nor found.');
  return { id: found.id, isNew: false };
}

export async function suppressionsOfAddress(
  sql: Sql,
  addressId: string,
): Promise<{ reason: SuppressionReason; category: Category | null; reported: boolean }[]> {
  return await sql(
    `select reason, category, reported from notifications.suppressions where address_id = $1`,
    [addressId],
  );
}

/** From what a user has unsubscribed, at whichever address. */
export async function unsubscribedBy(sql: Sql, tenantId: string, userId: string): Promise<Category[]> {
  const rows = await sql<{ category: Category }>(
    `select distinct s.category from notifications.suppressions s join notifications.addresses a on a.id = s.address_id
     where a.tenant_id = $1 and a.user_id = $2 and s.reason = 'unsubscribe' and s.category is not null order by 1`,
    [tenantId, userId],
  );
  return rows.map(({ category }) => category);
}

/** Takes a user's own unsubscriptions back. */
export async function subscribeAgain(
  { sql, publish }: Pick<Transaction, 'sql' | 'publish'>,
  tenantId: string,
  userId: string,
  from: readonly Category[],
): Promise<void> {
  const gone = await sql<{ id: string; addressId: string; category: Category }>(
    `delete from notifications.suppressions s using notifications.addresses a
     where a.id = s.address_id and a.tenant_id = $1 and a.user_id = $2 and s.reason = 'unsubscribe'
       and s.category = any($3::text[])
     returning s.id, s.address_id as "addressId", s.category`,
    [tenantId, userId, from],
  );
  await publish(...gone.map((entry) => removalOf(tenantId, userId, entry)));
}

/** An organisation's suppression list. */
export class SuppressionRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first, those before a place. */
  async list(address: AddressSpellings | null, limit: number, before: string | null): Promise<Suppression[]> {
    return await this.#select(
      `and ($2::text[] is null or a.address = any($2)) and ($3::uuid is null or s.id < $3) order by s.id desc limit $4`,
      [address && [address.plain, ...address.erased], before, limit],
    );
  }

  async find(id: string): Promise<Suppression | null> {
    const [found] = await this.#select('and s.id = $2', [id]);
    return found ?? null;
  }

  /** Whether it was there. */
  async remove({ publish }: Pick<Transaction, 'publish'>, id: string, actorId: string): Promise<boolean> {
    const [gone] = await this.#sql<{ addressId: string; category: Category | null }>(
      `delete from notifications.suppressions where tenant_id = $1 and id = $2
       returning address_id as "addressId", category`,
      [this.#tenantId, id],
    );
    if (!gone) return false;
    await publish(removalOf(this.#tenantId, actorId, { id, ...gone }));
    return true;
  }

  async #select(rest: string, parameters: unknown[]): Promise<Suppression[]> {
    const rows = await this.#sql<Suppression>(
      `select s.id, a.address, s.category, s.reason, s.detail, s.reported, s.created_by as "createdBy",
         s.created_at as "createdAt"
       from notifications.suppressions s join notifications.addresses a on a.id = s.address_id
       where s.tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt']);
  }
}

function removalOf(
  tenantId: string,
  actorId: string,
  entry: { id: string; addressId: string; category: Category | null },
) {
  return {
    type: 'notification.suppression_removed',
    tenantId,
    subject: `notification-address:${entry.addressId}`,
    data: { suppression_id: entry.id, category: entry.category },
    actorId,
  };
}
