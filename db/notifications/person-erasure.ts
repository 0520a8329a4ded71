import { isErasedAddress } from '../../domain/notifications/erased-address.ts';
import { readSpeakingPage, type SpeakingLook, type SpeakingPage } from '../speaking-texts.ts';
import type { Sql } from '../sql.ts';

/** Addresses that mails went to, or that get none. */
export async function addressesAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.address)';
  return await readSpeakingPage(sql, { table: 'notifications.addresses', time: 'created_at', texts }, look);
}

/** What was noted beside entries of the suppression list. */
export async function suppressionsAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.detail)';
  return await readSpeakingPage(
    sql,
    { table: 'notifications.suppressions', time: 'created_at', texts },
    look,
  );
}

/** Deliveries, with what mail servers have said to them. */
export async function deliveriesAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = `jsonb_build_array(t.last_problem,
    (select jsonb_agg(a.answer) from notifications.attempts a where a.delivery_id = t.id),
    (select jsonb_agg(r.detail) from notifications.mail_reports r where r.delivery_id = t.id))`;
  return await readSpeakingPage(sql, { table: 'notifications.deliveries', time: 'created_at', texts }, look);
}

/** Items of feeds: they name what people have named, such as a batch. */
export async function feedItemsAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.title, t.body, t.data, t.link)';
  return await readSpeakingPage(sql, { table: 'notifications.feed_items', time: 'created_at', texts }, look);
}

/**
 * Forgets an address. It is deleted, unless it is on the suppression list, or mails have gone there since the person was to be forgotten:
 * then something else takes its place, by which it is found when a mail is to go there, so that entries and links to unsubscribe hold.
 *
 * @param since when the person was to be forgotten, ISO 8601
 * @param inPlaceOf gives what takes its place
 * @returns whether it was still there
 */
export async function eraseAddress(
  sql: Sql,
  id: string,
  since: string,
  inPlaceOf: (address: string) => string,
): Promise<boolean> {
  const [row] = await sql<{ tenantId: string; address: string; needed: boolean }>(
    `select a.tenant_id as "tenantId", a.address, a.used_at > $2
       or exists (select 1 from notifications.suppressions s where s.address_id = a.id) as needed
     from notifications.addresses a where a.id = $1 for update of a`,
    [id, since],
  );
  if (!row || isErasedAddress(row.address)) return false;
  if (row.needed) {
    const erased = inPlaceOf(row.address);
    await sql('update notifications.suppressions set detail = null where address_id = $1', [id]);
    const changed = await sql(
      `update notifications.addresses set address = $3 where id = $1
         and not exists (select 1 from notifications.addresses where tenant_id = $2 and address = $3) returning id`,
      [id, row.tenantId, erased],
    );
    if (changed.length > 0) return true;
    // It was forgotten before, and a mail that was just then being written has noted it anew.
    await sql(
      `insert into notifications.suppressions
         (id, tenant_id, address_id, category, reason, reported, created_by, created_at)
       select gen_random_uuid(), s.tenant_id, a.id, s.category, s.reason, s.reported, s.created_by, s.created_at
       from notifications.suppressions s, notifications.addresses a
       where s.address_id = $1 and a.tenant_id = $2 and a.address = $3 on conflict do nothing`,
      [id, row.tenantId, erased],
    );
  }
  await sql('delete from notifications.addresses where id = $1', [id]);
  return true;
}

/** Forgets what was noted beside entries, which stay. Gives of how many. */
export async function forgetDetails(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql(
    `update notifications.suppressions set detail = null where id = any($1::uuid[]) and detail is not null returning id`,
    [ids],
  );
  return rows.length;
}

/** Forgets what mail servers have said to deliveries; how they fared stays. Gives of how many. */
export async function forgetMailAnswers(sql: Sql, ids: readonly string[]): Promise<number> {
  await sql('update notifications.attempts set answer = null where delivery_id = any($1::uuid[])', [ids]);
  await sql('update notifications.mail_reports set detail = null where delivery_id = any($1::uuid[])', [ids]);
  await sql('update notifications.deliveries set last_problem = null where id = any($1::uuid[])', [ids]);
  return ids.length;
}

/** The mails of a tenant to others than users that are being sent. Each ends within its claim. */
export async function claimsUnderWay(sql: Sql, tenantId: string): Promise<string[]> {
  const rows = await sql<{ claim: string }>(
    `select claim from notifications.deliveries
     where tenant_id = $1 and state = 'pending' and user_id is null and claim is not null and due_at > now()`,
    [tenantId],
  );
  return rows.map(({ claim }) => claim);
}
