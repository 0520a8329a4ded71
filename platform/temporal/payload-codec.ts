import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { Failure } from '../../domain/failure.ts';
import type { KeyRing } from '../crypto/secret-box.ts';
import { workflowIdOf, type TenantSealing } from './tenant-sealing.ts';

/** What a sealed payload says of itself in the clear, in its metadata. */
const sealedEncoding = 'binary/encrypted';
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

/** A key with the id that payloads name it by. */
interface SealingKey {
  id: string;
  key: Buffer;
}

/** What a sealed payload says of itself, taken apart. */
interface Sealed {
  keyId: string;
  bytes: Buffer;
}

/**
 * Compresses (where that makes it smaller) and then encrypts every payload on its way to Temporal, and undoes that on its
 * way back: AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV.
 *
 * The whole payload is sealed, with its own metadata. Outside stand `encoding: binary/encrypted` and
 * `encryption-key-id`; the data is `version, IV, ciphertext, tag`. Version and key id are authenticated. A tenant's
 * workflows are sealed with the tenant's own key, `tenant:<id>:<version>`, and can be read by nobody once that is destroyed;
 * what belongs to no tenant is sealed by the ring, `ring:<id>`.
 *
 * What comes without that encoding passes as it is: histories from before, and what operators start by hand.
 */
export class SealingPayloadCodec implements PayloadCodec {
  readonly #current: SealingKey;
  readonly #ring: ReadonlyMap<string, SealingKey>;
  readonly #tenants: TenantSealing | undefined;

  constructor(ring: KeyRing, tenants?: TenantSealing) {
    // Keys of their own: a key must not serve two purposes, and its use for secrets does not count against these.
    this.#ring = new Map(
      [...ring.keys].map(([id, key]) => [id, { id: `ring:${id}`, key: payloadKey(key) }] as const),
    );
    const current = this.#ring.get(ring.current);
    if (current === undefined) throw new TypeError('The current key is not in the key ring.');
    this.#current = current;
    this.#tenants = tenants;
  }

  /** @throws Failure `codec.tenant_erased` */
  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const key = await this.#sealingKey(workflowIdOf(context));
    return payloads.map((payload) => seal(payload, key));
  }

  /** @throws Failure `codec.key_unknown`, `codec.tenant_erased`, `codec.payload_altered` or `codec.payload_malformed` */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const opened: Payload[] = [];
    for (const payload of payloads) {
      const sealed = takeApart(payload);
      opened.push(
        sealed ? open(sealed, await this.#openingKey(sealed.keyId, workflowIdOf(context))) : payload,
      );
    }
    return opened;
  }

  async #sealingKey(workflowId: string | undefined): Promise<SealingKey> {
    const tenantId = workflowId === undefined ? undefined : this.#tenants?.workflows.of(workflowId);
    if (tenantId === undefined || this.#tenants === undefined) return this.#current;
    const { keys } = this.#tenants;
    const { version: number, key } = await this.#unlessErased(workflowId, () => keys.current(tenantId));
    return { id: `tenant:${tenantId}:${number}`, key };
  }

  async #openingKey(keyId: string, workflowId: string | undefined): Promise<SealingKey> {
    const [kind, id = '', number = ''] = keyId.split(':');
    const ofRing = kind === 'ring' ? this.#ring.get(id) : undefined;
    if (ofRing) return ofRing;
    if (kind !== 'tenant' || this.#tenants === undefined || !/^[1-9]\d{0,8}$/.test(number)) {
      throw new Failure('codec.key_unknown', `The payload key "${keyId}" is not in the key ring.`);
    }
    const { keys, workflows } = this.#tenants;
    const { key } = await this.#unlessErased(workflowId, () => keys.find(id, Number(number)));
    if (workflowId !== undefined) workflows.learn(workflowId, id);
    return { id: keyId, key };
  }

  async #unlessErased<T>(workflowId: string | undefined, look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (error) {
      if (workflowId !== undefined && error instanceof Failure && error.code === 'codec.tenant_erased')
        this.#tenants?.onErased?.(workflowId);
      throw error;
    }
  }
}

function seal(payload: Payload, { id, key }: SealingKey): Payload {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  cipher.setAAD(boundTo(id));
  const sealed = [cipher.update(pack(wire.encode(payload).finish())), cipher.final()];
  return {
    metadata: { encoding: Buffer.from(sealedEncoding), [keyIdEntry]: Buffer.from(id) },
    data: Buffer.concat([Buffer.of(version), iv, ...sealed, cipher.getAuthTag()]),
  };
}

/** Null for what is not sealed. */
function takeApart({ metadata, data }: Payload): Sealed | null {
  if (!metadata?.['encoding'] || text.decode(metadata['encoding']) !== sealedEncoding) return null;
  const keyId = text.decode(metadata[keyIdEntry] ?? new Uint8Array());
  const bytes = Buffer.from(data ?? new Uint8Array());
  if (
    !/^[a-z]+:[A-Za-z0-9_:-]{1,80}$/.test(keyId) ||
    bytes.length <= 1 + ivLength + tagLength ||
    bytes[0] !== version
  ) {
    throw new Failure('codec.payload_malformed', 'A payload is called encrypted and is not one of ours.');
  }
  return { keyId, bytes };
}

function open({ bytes }: Sealed, { id, key }: SealingKey): Payload {
  const iv = bytes.subarray(1, 1 + ivLength);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  decipher.setAAD(boundTo(id));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  const packed = decipher.update(bytes.subarray(1 + ivLength, -tagLength));
  try {
    decipher.final();
  } catch {
    throw new Failure('codec.payload_altered', 'An encrypted payload was altered.');
  }
  return wire.decode(unpack(packed));
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
