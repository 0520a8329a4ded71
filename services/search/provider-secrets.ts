import { z } from 'zod';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';

const secretsSchema = z.record(z.string(), z.string());

/**
 * Seals a provider's secrets, by their names, into one text that opens for this tenant and provider only: a row that is
 * copied elsewhere is of no use there.
 */
export function sealSecrets(
  box: SecretBox,
  owner: { tenantId: string; providerId: string },
  secrets: Readonly<Record<string, string>>,
): string | null {
  if (Object.keys(secrets).length === 0) return null;
  return box.seal(JSON.stringify(secrets), contextOf(owner));
}

/** @throws SecretBoxError when the key is gone or the text was altered or belongs elsewhere */
export function openSecrets(
  box: SecretBox,
  owner: { tenantId: string; providerId: string },
  sealed: string | null,
): Record<string, string> {
  return sealed === null ? {} : secretsSchema.parse(JSON.parse(box.open(sealed, contextOf(owner))));
}

function contextOf({ tenantId, providerId }: { tenantId: string; providerId: string }): string[] {
  return ['search-provider', tenantId, providerId];
}
