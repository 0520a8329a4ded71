import { createHmac, hkdfSync } from 'node:crypto';
import type { KeyRing } from './secret-box.ts';

/**
 * The secret by which one receiver knows our webhooks, in the form of Standard Webhooks (`whsec_` and base64). It is
 * derived from a key of the ring and what it belongs to, so nothing has to be stored but the key's id.
 *
 * @param subject what the secret belongs to, e.g. `batch:<uuid>`
 * @throws Error when the key has left the ring
 */
export function webhookSecret(ring: KeyRing, keyId: string, subject: string): string {
  const key = ring.keys.get(keyId);
  if (!key) throw new Error('The key that this webhook is signed with is no longer in the key ring.');
  const bytes = hkdfSync('sha256', key, '', `perdure webhook ${subject}`, 32);
  return `whsec_${Buffer.from(bytes).toString('base64')}`;
}

/**
 * The headers of a signed webhook (Standard Webhooks 1.0.0). The receiver tells repetitions by `webhook-id`.
 *
 * @param secrets one, or while a secret is rotated both: any of the signatures will do
 */
export function webhookHeaders(
  secrets: string | readonly string[],
  id: string,
  body: string,
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const signatures = [secrets].flat().map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${signature}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
