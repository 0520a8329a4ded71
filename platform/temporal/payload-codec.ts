import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { Failure } from '../../domain/failure.ts';
import type { KeyRing } from '../crypto/secret-box.ts';

/** What a sealed payload says of itself in the clear, in its metadata. */
export const sealedEncoding = 'binary/encrypted';
export const keyIdEntry = 'encryption-key-id';

const version = 1;
const ivLength = 12;
const tagLength = 16;
/** The first byte of what is sealed: how the payload was packed. */
const packing = { plain: 0, deflated: 1 } as const;
/** Temporal takes payloads of 2 MB; what is larger than this before it is compressed goes as it is and is refused there. */
const maxDeflatableBytes = 33_554_432;

const text = new TextDecoder();
const wire = proto.temporal.api.common.v1.Payload;

/**
 * Compresses (where that makes it smaller) and then encrypts every payload on its way to Temporal, and undoes that on its
 * way back: AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV.
 *
 * The whole payload is sealed, with its own metadata. Outside stand `encoding: binary/encrypted` and
 * `encryption-key-id: ring:<id>`; the data is `version, IV, ciphertext, tag`. Version and key id are authenticated. The
 * part before the colon is the kind of key; `ring` is the only one so far.
 *
 * What comes without that encoding passes as it is: histories from before, and what operators start by hand.
 */
export class SealingPayloadCodec implements PayloadCodec {
  readonly #current: string;
  readonly #keys: ReadonlyMap<string, Buffer>;

  constructor(ring: KeyRing) {
    if (!ring.keys.has(ring.current)) throw new TypeError('The current key is not in the key ring.');
    this.#current = `ring:${ring.current}`;
    // Keys of their own: a key must not serve two purposes, and its use for secrets does not count against these.
    this.#keys = new Map([...ring.keys].map(([id, key]) => [`ring:${id}`, payloadKey(key)]));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#seal(payload));
  }

  /** @throws Failure `codec.key_unknown`, `codec.payload_altered` or `codec.payload_malformed` */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#open(payload));
  }

  #seal(payload: Payload): Payload {
    const keyId = this.#current;
    const iv = randomBytes(ivLength);
    const cipher = createCipheriv('aes-256-gcm', this.#key(keyId), iv, { authTagLength: tagLength });
    cipher.setAAD(boundTo(keyId));
    const sealed = [cipher.update(pack(wire.encode(payload).finish())), cipher.final()];
    return {
      metadata: { encoding: Buffer.from(sealedEncoding), [keyIdEntry]: Buffer.from(keyId) },
      data: Buffer.concat([Buffer.of(version), iv, ...sealed, cipher.getAuthTag()]),
    };
  }

  #open(payload: Payload): Payload {
    const { metadata, data } = payload;
    if (!metadata?.['encoding'] || text.decode(metadata['encoding']) !== sealedEncoding) return payload;
    const keyId = text.decode(metadata[keyIdEntry] ?? new Uint8Array());
    const bytes = Buffer.from(data ?? new Uint8Array());
    if (
      !/^[a-z]+:[A-Za-z0-9_:-]{1,80}$/.test(keyId) ||
      bytes.length <= 1 + ivLength + tagLength ||
      bytes[0] !== version
    ) {
      throw new Failure('codec.payload_malformed', 'A payload is called encrypted and is not one of ours.');
    }
    const iv = bytes.subarray(1, 1 + ivLength);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(keyId), iv, { authTagLength: tagLength });
    decipher.setAAD(boundTo(keyId));
    decipher.setAuthTag(bytes.subarray(-tagLength));
    const packed = decipher.update(bytes.subarray(1 + ivLength, -tagLength));
    try {
      decipher.final();
    } catch {
      throw new Failure('codec.payload_altered', 'An encrypted payload was altered.');
    }
    return wire.decode(unpack(packed));
  }

  #key(keyId: string): Buffer {
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw new Failure('codec.key_unknown', `The payload key "${keyId}" is not in the key ring.`);
    }
    return key;
  }
}

/** HKDF (RFC 5869). */
function payloadKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'perdure temporal payload 1', 32));
}

function boundTo(keyId: string): Buffer {
  return Buffer.from(`perdure payload ${version} ${keyId}`);
}

function pack(bytes: Uint8Array): Buffer {
  const deflated = bytes.length <= maxDeflatableBytes ? deflateRawSync(bytes) : null;
  return deflated && deflated.length < bytes.length
    ? Buffer.concat([Buffer.of(packing.deflated), deflated])
    : Buffer.concat([Buffer.of(packing.plain), bytes]);
}

function unpack(packed: Buffer): Uint8Array {
  const bytes = packed.subarray(1);
  return packed[0] === packing.deflated
    ? inflateRawSync(bytes, { maxOutputLength: maxDeflatableBytes })
    : bytes;
}
