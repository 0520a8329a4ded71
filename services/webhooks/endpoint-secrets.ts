import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';

interface Owner {
  tenantId: string;
  endpointId: string;
}

/** Bytes of a secret that we make, as Svix does; Standard Webhooks 1.0.0 asks for 24 to 64. */
const secretBytes = 24;

const headersSchema = z.record(z.string(), z.string());

/** A new secret, in the form of Standard Webhooks. */
export function newSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString('base64')}`;
}

/** Seals a secret for its endpoint: a row that is copied elsewhere is of no use there. */
export function sealSecret(box: SecretBox, owner: Owner, secret: string): string {
  return box.seal(secret, contextOf('secret', owner));
}

/** @throws SecretBoxError when the key is gone or the text was altered or belongs elsewhere */
export function openSecret(box: SecretBox, owner: Owner, sealed: string): string {
  return box.open(sealed, contextOf('secret', owner));
}

/** Seals the headers of an endpoint, all of them: which of them are secret is only guessed by their names. */
export function sealHeaders(
  box: SecretBox,
  owner: Owner,
  headers: Readonly<Record<string, string>>,
): string | null {
  if (Object.keys(headers).length === 0) return null;
  return box.seal(JSON.stringify(headers), contextOf('headers', owner));
}

/** @throws SecretBoxError */
export function openHeaders(box: SecretBox, owner: Owner, sealed: string | null): Record<string, string> {
  return sealed === null
    ? {}
    : headersSchema.parse(JSON.parse(box.open(sealed, contextOf('headers', owner))));
}

function contextOf(what: 'secret' | 'headers', { tenantId, endpointId }: Owner): string[] {
  return ['webhook-endpoint', what, tenantId, endpointId];
}
