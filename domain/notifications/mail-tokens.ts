import { createHmac, timingSafeEqual } from 'node:crypto';
import { derivedKeys, type TokenKeyRing } from '../identity/tokens.ts';

/** 112 bits: more than can be guessed, and the whole still fits into the local part of an address (RFC 5321 §4.5.3.1.1). */
const macBytes = 14;
const uuidBytes = 16;

/** A token as text: 240 bits in base 32, in letters that mail servers may turn into capitals. */
const form = /^[0-9a-v]{48}$/;
const idForm = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** Longest local part that a token may be put behind: `<local part>+<token>` has 64 characters at most. */
export const mostBeforeToken = 15;

/**
 * What names a mail to mail servers, in its `Message-ID` and its envelope: the ID of its delivery and an HMAC-SHA-256 of it by the key
 * ring, cut to 112 bits. Whoever tells of a mail later proves by it that they have had the mail. It is good as long as its key is
 * in the ring.
 */
export class MailTokens {
  readonly #keys: [Buffer, ...Buffer[]];

  constructor(ring: TokenKeyRing) {
    this.#keys = derivedKeys(ring, 'perdure mail tokens');
  }

  issue(deliveryId: string): string {
    const id = Buffer.from(deliveryId.replaceAll('-', ''), 'hex');
    const token = Buffer.concat([id, macOf(this.#keys[0], id)]);
    return BigInt(`0x${token.toString('hex')}`)
      .toString(32)
      .padStart(48, '0');
  }

  /** The ID of the delivery; null when the token is none of ours. */
  read(token: string): string | null {
    const text = token.toLowerCase();
    if (!form.test(text)) return null;
    const digits = Array.from(text, (digit) => BigInt(Number.parseInt(digit, 32)));
    const bits = digits.reduce((sum, digit) => sum * 32n + digit, 0n);
    const bytes = Buffer.from(bits.toString(16).padStart(2 * (uuidBytes + macBytes), '0'), 'hex');
    const [id, mac] = [bytes.subarray(0, uuidBytes), bytes.subarray(uuidBytes)];
    if (!this.#keys.some((key) => timingSafeEqual(macOf(key, id), mac))) return null;
    return id.toString('hex').replace(idForm, '$1-$2-$3-$4-$5');
  }
}

function macOf(key: Buffer, id: Buffer): Buffer {
  return createHmac('sha256', key).update(id).digest().subarray(0, macBytes);
}
