import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { SessionRepository } from '../../db/identity/sessions.repository.ts';
import { apiKeyHint, hashApiKey, newApiKey } from '../../domain/identity/api-key.ts';
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

/** Makes a user of an organisation in a role. */
export async function makeUser(
  database: Database,
  tenantId: string,
  role: Role,
  passwordHash: string | null = null,
): Promise<Omit<Caller, 'authorization'>> {
  const userId = uuidv7();
  const email = `${role}-${userId.slice(-8)}@example.com`;
  await database.transaction('identity', async ({ sql }) => {
    await sql(
      `insert into identity.users (id, email, password_hash, name, profile, preferences)
       values ($1, $2, $3, $4, '{"kind": "person"}', $5)`,
      [userId, email, passwordHash, `A ${role}`, JSON.stringify(defaultPreferences())],
    );
    await sql(`insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, $3)`, [
      tenantId,
      userId,
      role,
    ]);
  });
  return { tenantId, userId, role, email };
}

/** Opens a session of a user. Gives its ID. */
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
