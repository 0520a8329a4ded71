import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';

const secrets = z.object({
  /** Key ring for secrets at rest: id:base64 of 32 bytes. */
  encryptionKeys: z.string().min(1),
  storageSigningSecret: z.string().min(32),
  developmentApiKey: z.string().min(32),
  /** What the simulated vendors sign their webhooks with. */
  simulatorWebhookSecret: z.string().min(32),
});

export type LocalSecrets = z.output<typeof secrets>;

/**
 * The secrets of a local installation, made at its first start and kept in a file that only its owner can read. A
 * secret that an older version didn't have yet is added.
 *
 * @param makeApiKey makes a key in the form the API takes.
 */
export async function keptSecrets(path: string, makeApiKey: () => string): Promise<LocalSecrets> {
  const kept = secrets.partial().parse(JSON.parse((await readIfThere(path)) ?? '{}'));
  const complete: LocalSecrets = {
    encryptionKeys: kept.encryptionKeys ?? `local:${randomBytes(32).toString('base64')}`,
    storageSigningSecret: kept.storageSigningSecret ?? randomBytes(32).toString('base64url'),
    developmentApiKey: kept.developmentApiKey ?? makeApiKey(),
    simulatorWebhookSecret: kept.simulatorWebhookSecret ?? `whsec_${randomBytes(32).toString('base64')}`,
  };
  if (Object.keys(kept).length === Object.keys(complete).length) {
    await chmod(path, 0o600);
    return complete;
  }
  const prepared = `${path}.${randomUUID()}`;
  const file = await open(prepared, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(complete, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(prepared, path);
  return complete;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
