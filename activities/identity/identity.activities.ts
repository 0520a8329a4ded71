import type { Database } from '../../db/database.ts';
import { eraseUser } from '../../db/identity/erasure.ts';
import { cleanIdentity } from '../../db/identity/retention.ts';
import type { Config } from '../../platform/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { rotateSigningKeys } from '../../services/identity/signing-keys.ts';
import type { IdentityActivities } from '../../workflows/identity/messages.ts';

export function createIdentityActivities(parts: {
  database: Database;
  config: Pick<Config, 'ENCRYPTION_KEYS'>;
}): IdentityActivities {
  const { database } = parts;
  const box = new SecretBox(parts.config.ENCRYPTION_KEYS);
  return {
    eraseUser: (input) => database.transaction('identity', (transaction) => eraseUser(transaction, input)),
    rotateSigningKeys: () => rotateSigningKeys(database, box),
    cleanIdentity: () =>
      database.transaction('identity', async ({ sql }) => ({ removed: await cleanIdentity(sql) })),
  };
}
