import { v7 as uuidv7 } from 'uuid';
import { apiKeyHint, hashApiKey } from '../../domain/identity/api-key.ts';
import { scopesOf } from '../../domain/identity/roles.ts';
import { hashPassword } from '../../platform/crypto/password-hash.ts';
import type { Database, Transaction } from '../database.ts';
import { foundOrganisation } from './founding.ts';
import { organisationsOf } from './organisations.repository.ts';
import type { User } from './user.entity.ts';
import { UserRepository } from './users.repository.ts';

export interface DevelopmentAccount {
  apiKey: string;
  email: string;
  password: string;
}

/**
 * Makes the account of `npm start`, or leaves it as it is: the organisation "Development", its owner, and an API key that
 * everybody can read in the output. Never on a server that others reach.
 */
export async function ensureDevelopmentAccount(
  database: Database,
  account: DevelopmentAccount,
): Promise<{ tenantId: string; userId: string }> {
  const passwordHash = await hashPassword(account.password);
  return await database.transaction('identity', async (transaction) => {
    const users = new UserRepository(transaction);
    const free = await users.claimEmail(account.email);
    const user = free
      ? await makeDeveloper(transaction, account.email, passwordHash)
      : await users.findByEmail(account.email);
    const [organisation] = user ? await organisationsOf(transaction, user.id) : [];
    if (!user || !organisation) throw new Error('The development account belongs to no organisation.');
    await ensureKey(transaction, organisation.id, user.id, account.apiKey);
    return { tenantId: organisation.id, userId: user.id };
  });
}

async function makeDeveloper(transaction: Transaction, email: string, passwordHash: string): Promise<User> {
  const user = await new UserRepository(transaction).add({
    id: uuidv7(),
    email,
    passwordHash,
    name: 'Developer',
    profile: { kind: 'person' },
  });
  const founding = { name: 'Development', plan: 'development' as const, ownerId: user.id };
  await foundOrganisation(transaction, founding, { actorId: user.id, traceId: null });
  return user;
}

/** A key that was revoked, or ran out, comes back: `npm start` prints it as good. */
async function ensureKey(
  { sql }: Transaction,
  tenantId: string,
  userId: string,
  apiKey: string,
): Promise<void> {
  await sql(
    `insert into identity.api_keys (id, tenant_id, user_id, name, hint, secret_hash, scopes)
     values ($1, $2, $3, 'development', $4, $5, $6)
     on conflict (secret_hash) do update set revoked_at = null, expires_at = null, scopes = excluded.scopes`,
    [uuidv7(), tenantId, userId, apiKeyHint(apiKey), hashApiKey(apiKey), [...scopesOf('owner')]],
  );
}
