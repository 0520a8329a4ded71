import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Keys by their ids; `current` seals, all of them open. A new key is added as current, and old ones stay until all is resealed. */
export interface KeyRing {
  current: string;
  keys: ReadonlyMap<string, Buffer>;
}

/** What a sealed secret belongs to, e.g. tenant and provider, or the name of a row. It opens there and nowhere else. */
export type SecretContext = string | readonly string[];

/** A sealed secret that can't be opened: its key is gone, it was altered, or it belongs elsewhere. */
export class SecretBoxError extends Error {
  readonly code: 'malformed' | 'unknown_key' | 'not_authentic';

  constructor(code: 'malformed' | 'unknown_key' | 'not_authentic', message: string) {
    super(message);
    this.name = 'SecretBoxError';
    this.code = code;
  }
}

/** What opening gives; null where the secret can't be opened: whoever has to put that right must be able to go on. */
export function ifOpens<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof SecretBoxError) return null;
    throw error;
  }
}

const keyLength = 32;
const ivLength = 12;
const tagLength = 16;
const keyIdForm = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Reads a key ring from configuration: `id:key` pairs with commas between them, the current one first, each key 32
 * bytes in base64.
 *
 * @throws TypeError naming the id of a wrong pair, never its key
 */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const pair of text.split(',').map((part) => part.trim())) {
    const [id = '', encoded = ''] = pair.split(/:(.*)/s);
    if (!keyIdForm.test(id))
      throw new TypeError('A secret key has no id, or one beyond letters, digits, - and _.');
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== keyLength)
      throw new TypeError(`The secret key "${id}" is not ${keyLength} bytes in base64.`);
    if (keys.has(id)) throw new TypeError(`There are two secret keys "${id}".`);
    keys.set(id, key);
  }
  const [current] = keys.keys();
  if (current === undefined) throw new TypeError('There is no secret key.');
  return { current, keys };
}

/**
 * Encrypts secrets for storage: AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV. The envelope is
 * `v1.<key id>.<base64url of iv, ciphertext and tag>`; version, key id and context are authenticated with it, so a row copied to
 * another tenant or provider doesn't open.
 */
export class SecretBox {
  readonly #ring: KeyRing;

  constructor(ring: KeyRing) {
    if (!ring.keys.has(ring.current)) throw new TypeError('The current key is not in the key ring.');
    this.#ring = ring;
  }

  seal(secret: string, context: SecretContext): string {
    return this.sealBytes(Buffer.from(secret, 'utf8'), context);
  }

  sealBytes(secret: Buffer, context: SecretContext): string {
    const id = this.#ring.current;
    const iv = randomBytes(ivLength);
    const cipher = createCipheriv('aes-256-gcm', this.#key(id), iv);
    cipher.setAAD(boundTo(id, context));
    const sealed = Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    return `v1.${id}.${sealed.toString('base64url')}`;
  }

  /** @throws SecretBoxError */
  open(envelope: string, context: SecretContext): string {
    return this.openBytes(envelope, context).toString('utf8');
  }

  /** @throws SecretBoxError */
  openBytes(envelope: string, context: SecretContext): Buffer {
    const { id, sealed } = parts(envelope);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(id), sealed.subarray(0, ivLength), {
      authTagLength: tagLength,
    });
    decipher.setAAD(boundTo(id, context));
    decipher.setAuthTag(sealed.subarray(-tagLength));
    const opened = decipher.update(sealed.subarray(ivLength, -tagLength));
    try {
      return Buffer.concat([opened, decipher.final()]);
    } catch {
      throw new SecretBoxError(
        'not_authentic',
        'The sealed secret was altered, or belongs to something else.',
      );
    }
  }

  /** Whether an envelope should be sealed anew, since a newer key is current. */
  isStale(envelope: string): boolean {
    return parts(envelope).id !== this.#ring.current;
  }

  #key(id: string): Buffer {
    const key = this.#ring.keys.get(id);
    if (key === undefined) throw new SecretBoxError('unknown_key', `The key "${id}" is not in the key ring.`);
    return key;
  }
}

function parts(envelope: string): { id: string; sealed: Buffer } {
  const [version, id = '', encoded = '', ...rest] = envelope.split('.');
  const sealed = Buffer.from(encoded, 'base64url');
  const wellFormed = version === 'v1' && keyIdForm.test(id) && rest.length === 0;
  if (!wellFormed || sealed.length < ivLength + tagLength) {
    throw new SecretBoxError('malformed', 'This is not a sealed secret.');
  }
  return { id, sealed };
}

/** JSON keeps the parts of a context apart: ["ab", "c"] is not ["a", "bc"]. */
function boundTo(id: string, context: SecretContext): Buffer {
  return Buffer.from(
    JSON.stringify(['v1', id, ...(typeof context === 'string' ? [context] : context)]),
    'utf8',
  );
}
