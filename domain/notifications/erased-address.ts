import { createHmac } from 'node:crypto';
import { derivedKeys, type TokenKeyRing } from '../identity/tokens.ts';

/** Mailboxes are compared without regard to case, as everybody treats them. */
function normalisedAddress(address: string): string {
  return address.trim().toLowerCase();
}

/**
 * What stands in place of an address that was forgotten: its HMAC-SHA-256, as an address that nobody has (RFC 2606). It is found again
 * when a mail is to go to the address, and by nobody who has not the key and the address. It is found as long as its key is in the
 * ring, and differs from organisation to organisation.
 */
export class ErasedAddresses {
  readonly #keys: [Buffer, ...Buffer[]];

  constructor(ring: TokenKeyRing) {
    this.#keys = derivedKeys(ring, 'perdure erased addresses');
  }

  inPlaceOf(tenantId: string, address: string): string {
    return erased(this.#keys[0], tenantId, address);
  }

  /** As it is, and as it was forgotten, by any key of the ring. */
  spellingsOf(tenantId: string, address: string): AddressSpellings {
    return {
      plain: normalisedAddress(address),
      erased: this.#keys.map((key) => erased(key, tenantId, address)),
    };
  }
}

/** Whether something stands in place of an address that was forgotten. */
export function isErasedAddress(address: string): boolean {
  return address.endsWith(atNobody);
}

/** By what an address may be kept. */
export interface AddressSpellings {
  plain: string;
  erased: readonly string[];
}

function erased(key: Buffer, tenantId: string, address: string): string {
  const mac = createHmac('sha256', key).update(`${tenantId} ${normalisedAddress(address)}`);
  return `${mac.digest('hex')}${atNobody}`;
}

const atNobody = '@erased.invalid';
