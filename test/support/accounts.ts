import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { SessionRepository } from '../../db/identity/sessions.repository.ts';
import { apiKeyHint, hashApiKey, newApiKey } from '../../domain/identity/api-key.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { Plan } from '../../domain/identity/plans.ts';
import { defaultPreferences } from '../../domain/identity/preferences.ts';
import { scopesOf, type Role } from '../../domain/identity/roles.ts';
import type { Scope } from '../../domain/identity/scopes.ts';

/** Somebody who calls the API in a test. */
export interface Caller {
  tenantId: string;
  userId: string;
  role: Role;
  email: string;
  /** Value of the `Authorization` header. */
  authorization: string;
}

/** Makes an organisation straight in the database, without the ceremony of registering. */
export async function makeOrganisation(database: Database, plan: Plan = 'development'): Promise<string> {
  const id = uuidv7();
  await database.transaction('identity', ({ sql }) =>
    sql(`insert into identity.organisations (id, name, plan) values ($1, $2, $3)`, [
      id,
      `Organisation ${id.slice(-6)}`,
      plan,
    ]),
  );
  return id;
}

/** A user who has logged in. */
export interface LoggedIn extends Omit<Caller, 'authorization'> {
  sessionId: string;
}

/**
 * Makes users of an organisation, one of each role, with a session each: hundreds of tests need some, so all of them
 * together take three statements.
 */
export async function makeUsers<R extends Role>(
  database: Database,
  tenantId: string,
  roles: readonly R[],
): Promise<(LoggedIn & { role: R })[]> {
  const users = roles.map((role) => {
    const userId = uuidv7();
    return { tenantId, userId, role, email: `${role}-${userId.slice(-8)}@example.com`, sessionId: uuidv7() };
  });
  const given = `from jsonb_to_recordset($1::jsonb)
                 as given ("userId" uuid, email text, role text, "sessionId" uuid)`;
  const rows = JSON.stringify(users);
  await database.transaction('identity', async ({ sql }) => {
    await sql(
      `insert into identity.users (id, email, name, profile, preferences)
       select "userId", email, 'A ' || role, '{"kind": "person"}', $2::jsonb ${given}`,
      [rows, JSON.stringify(defaultPreferences())],
    );
    await sql(
      `insert into identity.memberships (tenant_id, user_id, role) select $2::uuid, "userId", role ${given}`,
      [rows, tenantId],
    );
    await sql(
      `insert into identity.sessions
         (id, user_id, tenant_id, created_at, last_used_at, expires_at, address, user_agent)
       select "sessionId", "userId", $2::uuid, now(), now(), now() + $3::int * interval '1 second', '127.0.0.1', 'test' ${given}`,
      [rows, tenantId, lifetimes.session],
    );
  });
  return users;
}

/** Makes a user of an organisation in a role. */
export async function makeUser(database: Database, tenantId: string, role: Role): Promise<LoggedIn> {
  const [user] = await makeUsers(database, tenantId, [role]);
  if (!user) throw new Error('No user was made.');
  return user;
}

/** Opens one more session of a user. Gives its ID. */
export async function makeSession(
  database: Database,
  user: { tenantId: string; userId: string },
): Promise<string> {
  const opened = await database.transaction('identity', (unit) =>
    new SessionRepository(unit, user.userId).open({
      tenantId: user.tenantId,
      address: '127.0.0.1',
      userAgent: 'test',
    }),
  );
  return opened.session.id;
}

/** Makes an API key of a user, with all scopes of the role unless told otherwise. Gives the key. */
export async function makeApiKey(
  database: Database,
  user: { tenantId: string; userId: string; role: Role },
  scopes: readonly Scope[] = scopesOf(user.role),
): Promise<string> {
  const key = newApiKey();
  await database.transaction('identity', ({ sql }) =>
    sql(
      `insert into identity.api_keys (id, tenant_id, user_id, name, hint, secret_hash, scopes)
       values ($1, $2, $3, 'test', $4, $5, $6)`,
      [uuidv7(), user.tenantId, user.userId, apiKeyHint(key), hashApiKey(key), [...scopes]],
    ),
  );
  return key;
}
