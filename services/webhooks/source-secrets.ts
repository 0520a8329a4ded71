import { createHmac } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { derivedKeys } from '../../domain/identity/tokens.ts';
import { SecretBox, type KeyRing } from '../../platform/crypto/secret-box.ts';

/** A secret of a source. One that was replaced is good until its grace is over. */
export interface SourceSecret {
  value: string;
  /** ISO 8601; null for the present one. */
  until: string | null;
}

const secretsSchema = z.array(z.object({ value: z.string(), until: z.string().nullable() }));
const credentialsSchema = z.object({ token: z.string(), base_url: z.string().nullable() });

/** What a source asks its provider with. */
export type SourceCredentials = z.output<typeof credentialsSchema>;

/** Marks a body that was compressed before it was sealed. */
const compressed = 'deflate:';

interface Owner {
  tenantId: string;
  id: string;
}

/** Seals and opens what only a source may know. What is sealed for one source opens for no other. */
export class SourceSecrets {
  readonly #box: SecretBox;
  readonly #fingerprintKeys: [Buffer, ...Buffer[]];

  constructor(ring: KeyRing) {
    this.#box = new SecretBox(ring);
    this.#fingerprintKeys = derivedKeys(ring, 'perdure webhook secrets');
  }

  seal(owner: Owner, secrets: readonly SourceSecret[]): string {
    return this.#box.seal(JSON.stringify(secrets), ['webhook-source', owner.tenantId, owner.id]);
  }

  open(owner: Owner & { secrets: string }): SourceSecret[] {
    const opened = this.#box.open(owner.secrets, ['webhook-source', owner.tenantId, owner.id]);
    return secretsSchema.parse(JSON.parse(opened));
  }

  /** By these the same secret is recognised elsewhere, and cannot be found out. */
  fingerprints(secrets: readonly SourceSecret[]): string[] {
    return secrets.flatMap(({ value }) =>
      this.#fingerprintKeys.map((key) => createHmac('sha256', key).update(value).digest('base64url')),
    );
  }

  sealCredentials(owner: Owner, credentials: SourceCredentials): string {
    return this.#box.seal(JSON.stringify(credentials), ['webhook-credentials', owner.tenantId, owner.id]);
  }

  openCredentials(owner: Owner, sealed: string): SourceCredentials {
    const opened = this.#box.open(sealed, ['webhook-credentials', owner.tenantId, owner.id]);
    return credentialsSchema.parse(JSON.parse(opened));
  }

  /** Compressed, as what is sealed can't be compressed any more, and JSON becomes a sixth of it. */
  sealBody(tenantId: string, deliveryId: string, body: string): string {
    const small = deflateRawSync(body, { level: 1 });
    return compressed + this.#box.sealBytes(small, ['webhook-body', tenantId, deliveryId]);
  }

  openBody(tenantId: string, deliveryId: string, sealed: string): string {
    const context = ['webhook-body', tenantId, deliveryId];
    if (!sealed.startsWith(compressed)) return this.#box.open(sealed, context);
    return inflateRawSync(this.#box.openBytes(sealed.slice(compressed.length), context)).toString('utf8');
  }
}

/** The secrets that are good at a moment, the present one first. */
export function goodSecrets(secrets: readonly SourceSecret[], now: Date): string[] {
  return secrets.filter(({ until }) => until === null || new Date(until) > now).map(({ value }) => value);
}
