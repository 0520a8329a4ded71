import { addressOfUser } from '../../db/identity/mail-facts.ts';
import type { Database } from '../../db/database.ts';
import type { Config } from '../../platform/config.ts';

export interface ComposerParts {
  database: Database;
  config: Pick<Config, 'ENCRYPTION_KEYS' | 'PUBLIC_URL'>;
}

/** Where a user is reached by mail; null for none, and once erased. */
export async function mailOf({ database }: ComposerParts, userId: string | null): Promise<string | null> {
  if (userId === null) return null;
  return await database.read('identity', ({ sql }) => addressOfUser(sql, userId));
}
