import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** The configured encryption keys: the current one issues, all are good for reading. */
export interface TokenKeyRing {
  current: string;
  keys: ReadonlyMap<string, Buffer>;
}

/** Keys for one purpose, derived from the ring (HKDF, RFC 5869), the current one first. */
export function derivedKeys(ring: TokenKeyRing, purpose: string): [Buffer, ...Buffer[]] {
  const current = ring.keys.get(ring.current);
  if (!current) throw new Error('The current key is not in the key ring.');
  const others = [...ring.keys.values()].filter((key) => key !== current);
  const derive = (key: Buffer) => Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
  return [derive(current), ...others.map(derive)];
}

/** What an opaque token is for. A token of one kind is never good as another. */
const tokenKinds = {
  refresh: 'rt',
  registration: 'vt',
  passwordReset: 'rs',
  emailChange: 'ec',
  invitation: 'it',
} as const;

export type TokenKind = keyof typeof tokenKinds;

/**
 * Opaque tokens that are derived from the ID of their row and the key ring: `rt_<id>_<HMAC-SHA-256>`. Nothing secret is
 * stored or stands in an event, and whoever may issue a token can issue the same one again: a mail that is sent twice
 * carries the same link. The row says whether a token still counts.
 */
export class OpaqueTokens {
  readonly #keys: [Buffer, ...Buffer[]];

  constructor(ring: TokenKeyRing) {
    this.#keys = derivedKeys(ring, 'perdure opaque tokens');
  }

  issue(kind: TokenKind, id: string): string {
    const text = `${tokenKinds[kind]}_${id.replaceAll('-', '')}`;
    return `${text}_${macOf(this.#keys[0], text).toString('base64url')}`;
  }

  /** The ID of the row that a token belongs to, or null when it is none of ours. */
  read(kind: TokenKind, token: string): string | null {
    const match = /^([a-z]{2}_[0-9a-f]{32})_([A-Za-z0-9_-]{43})$/.exec(token);
    const [, text, mac] = match ?? [];
    if (!text || !mac || !text.startsWith(`${tokenKinds[kind]}_`)) return null;
    const given = Buffer.from(mac, 'base64url');
    // The last character has two bits to spare: of its four spellings only the one that was issued counts.
    if (given.toString('base64url') !== mac) return null;
    if (!this.#keys.some((key) => timingSafeEqual(macOf(key, text), given))) return null;
    return text.slice(3).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

function macOf(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
