import { SecretBox, type KeyRing } from './secret-box.ts';

/** The box of the configured key ring (`ENCRYPTION_KEYS`): the first key seals, all open. */
export function secretBoxOf(keys: KeyRing): SecretBox {
  return new SecretBox(keys);
}
