import { exportJWK, generateKeyPair } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Transaction } from '../../db/database.ts';
import { readDatabaseNow } from '../../db/now.ts';
import {
  addSigningKey,
  deleteSigningKeys,
  listSigningKeys,
  lockSigningKeys,
  resealSigningKey,
  type SigningKey,
} from '../../db/identity/signing-keys.repository.ts';
import {
  expiredKeys,
  keyRotation,
  rotationIsDue,
  signingAlgorithm,
} from '../../domain/identity/signing-keys.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';

/** The keys there are; the very first is made here, and signs at once, as nobody holds an older set. */
export async function ensureSigningKeys(database: Database, box: SecretBox): Promise<SigningKey[]> {
  const keys = await database.read('identity', ({ sql }) => listSigningKeys(sql));
  if (keys.length > 0) return keys;
  return await database.transaction('identity', async (transaction) => {
    await lockSigningKeys(transaction.sql);
    const raced = await listSigningKeys(transaction.sql);
    if (raced.length > 0) return raced;
    const now = await readDatabaseNow(transaction.sql);
    return [await addKey(transaction, box, now, now)];
  });
}

export interface Rotation {
  added: string | null;
  removed: string[];
}

/**
 * Adds the successor of a key that is old enough, removes the keys that no living token was signed with, and seals the
 * others anew when the key ring has a new first key.
 * To run it again, or twice at once, changes nothing more.
 *
 * @param at default: now by the database's clock, as the one of this machine may be off by more than the lead of a new key
 */
export async function rotateSigningKeys(database: Database, box: SecretBox, at?: Date): Promise<Rotation> {
  return await database.transaction('identity', async (transaction) => {
    await lockSigningKeys(transaction.sql);
    const now = at ?? (await readDatabaseNow(transaction.sql));
    const keys = await listSigningKeys(transaction.sql);
    const removed = expiredKeys(keys, now).map((key) => key.id);
    await deleteSigningKeys(transaction.sql, removed);
    for (const key of keys) {
      if (removed.includes(key.id) || !box.isStale(key.privateBox)) continue;
      const context = signingKeyContext(key.id);
      await resealSigningKey(transaction.sql, key.id, box.seal(box.open(key.privateBox, context), context));
    }
    if (!rotationIsDue(keys, now)) return { added: null, removed };
    const lead = keys.length === 0 ? 0 : keyRotation.lead;
    const added = await addKey(transaction, box, now, new Date(now.getTime() + lead * 1_000));
    return { added: added.id, removed };
  });
}

async function addKey(
  { sql }: Transaction,
  box: SecretBox,
  createdAt: Date,
  signsFrom: Date,
): Promise<SigningKey> {
  const pair = await generateKeyPair(signingAlgorithm, { extractable: true });
  const id = uuidv7();
  const key = {
    id,
    publicJwk: await exportJWK(pair.publicKey),
    privateBox: box.seal(JSON.stringify(await exportJWK(pair.privateKey)), signingKeyContext(id)),
    createdAt,
    signsFrom,
  };
  await addSigningKey(sql, key);
  return key;
}

/** What a sealed private key is bound to: it can't be moved to the row of another key. */
export function signingKeyContext(id: string): string {
  return `identity.signing_keys/${id}`;
}
