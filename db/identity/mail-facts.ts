import type { Sql } from '../sql.ts';

/** A registration that still waits, and whether its address is an account by now. */
export async function registrationForMail(
  sql: Sql,
  id: string,
): Promise<{ email: string; taken: boolean } | null> {
  const [row] = await sql<{ email: string; taken: boolean }>(
    `select r.email, exists (select 1 from identity.users u where u.email = r.email) as taken
     from identity.registrations r where r.id = $1 and r.used_at is null and r.expires_at > now()`,
    [id],
  );
  return row ?? null;
}

/** A link that still counts and leads to a user, and whether its address is an account. */
export async function emailLinkForMail(
  sql: Sql,
  id: string,
): Promise<{ email: string; taken: boolean } | null> {
  const [row] = await sql<{ email: string; taken: boolean }>(
    `select l.email, exists (select 1 from identity.users u where u.email = l.email) as taken
     from identity.email_links l
     where l.id = $1 and l.user_id is not null and l.used_at is null and l.expires_at > now()`,
    [id],
  );
  return row ?? null;
}

export async function invitationForMail(
  sql: Sql,
  id: string,
): Promise<{ email: string; role: string; organisation: string; inviter: string } | null> {
  const [row] = await sql<{ email: string; role: string; organisation: string; inviter: string }>(
    `select i.email, i.role, o.name as organisation, u.name as inviter
     from identity.invitations i join identity.organisations o on o.id = i.tenant_id
       join identity.users u on u.id = i.invited_by
     where i.id = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()`,
    [id],
  );
  return row ?? null;
}

/** The address a user is reached at; null once the user is erased. */
export async function addressOfUser(sql: Sql, userId: string): Promise<string | null> {
  const [row] = await sql<{ email: string | null }>(`select email from identity.users where id = $1`, [
    userId,
  ]);
  return row?.email ?? null;
}

/** Where a user is reached, and by which clocks; null once the user is erased. */
export async function personOfUser(
  sql: Sql,
  userId: string,
): Promise<{ email: string; timeZone: string | null } | null> {
  const [person] = await peopleOfUsers(sql, [userId]);
  return person ?? null;
}

/** The same of many. An account whose time zone was never set says UTC: that is nobody's, and null here. */
export async function peopleOfUsers(
  sql: Sql,
  userIds: readonly string[],
): Promise<{ userId: string; email: string; timeZone: string | null }[]> {
  return await sql(
    `select id as "userId", email, nullif(preferences ->> 'time_zone', 'UTC') as "timeZone" from identity.users
     where id = any($1::uuid[]) and email is not null order by id`,
    [userIds],
  );
}

/** The address that a user had before the change by this link. */
export async function addressBeforeChange(sql: Sql, linkId: string): Promise<string | null> {
  const [row] = await sql<{ email: string | null }>(
    `select previous_email as email from identity.email_links where id = $1`,
    [linkId],
  );
  return row?.email ?? null;
}

/** The owners and admins of an organisation. */
export async function managersOf(sql: Sql, tenantId: string): Promise<string[]> {
  const rows = await sql<{ userId: string }>(
    `select u.id as "userId" from identity.memberships m join identity.users u on u.id = m.user_id
     where m.tenant_id = $1 and m.role in ('owner', 'admin') and u.email is not null order by m.role desc, u.id limit 50`,
    [tenantId],
  );
  return rows.map(({ userId }) => userId);
}
