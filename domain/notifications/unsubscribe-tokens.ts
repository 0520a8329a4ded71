import { createHmac, timingSafeEqual } from 'node:crypto';
import { derivedKeys, type TokenKeyRing } from '../identity/tokens.ts';
import { categories, type Category } from './categories.ts';

/**
 * What the links to unsubscribe name: whose address, and from what. `<address>.<category>.<HMAC-SHA-256>`; nothing of it is stored, and
 * the address is named by the ID of its row, so no log has it. It is good as long as the row and the key are.
 */
export class UnsubscribeTokens {
  readonly #keys: [Buffer, ...Buffer[]];

  constructor(ring: TokenKeyRing) {
    this.#keys = derivedKeys(ring, 'perdure unsubscribe tokens');
  }

  issue(addressId: string, category: Category): string {
    const text = `${addressId.replaceAll('-', '')}.${category}`;
    return `${text}.${macOf(this.#keys[0], text).toString('base64url')}`;
  }

  /** Null when it is none of ours. */
  read(token: string): { addressId: string; category: Category } | null {
    const [, text = '', id = '', name, mac = ''] =
      /^(([0-9a-f]{32})\.([a-z_]+))\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
    const category = categories.find((one) => one === name);
    const given = Buffer.from(mac, 'base64url');
    // The last character has two bits to spare: of its four spellings only the one that was issued counts.
    if (!category || given.toString('base64url') !== mac) return null;
    if (!this.#keys.some((key) => timingSafeEqual(macOf(key, text), given))) return null;
    return { addressId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), category };
  }
}

function macOf(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
