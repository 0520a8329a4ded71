import { createHmac, timingSafeEqual, type BinaryLike } from 'node:crypto';
import { Failure } from '../../failure.ts';

/** A request as it came: nothing of it is believed yet. */
export interface InboundRequest {
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The bytes as they came, which are what is signed. */
  body: Buffer;
  now: Date;
}

/** What a delivery says of itself. */
export interface DeliveryFacts {
  /** The same when the sender tries again. */
  deliveryId: string;
  /** The same in every delivery of one event, to whichever subscription. */
  eventId: string;
  topic: string;
}

/** @throws Failure `webhooks.header_missing` */
export function requireHeader({ headers }: InboundRequest, name: string): string {
  const value = headers[name.toLowerCase()]?.trim();
  if (!value) throw new Failure('webhooks.header_missing', `The header ${name} is missing.`);
  if (value.length > 255) throw new Failure('webhooks.header_missing', `The header ${name} is too long.`);
  return value;
}

/** @throws Failure `webhooks.signature_missing` */
export function requireSignature({ headers }: InboundRequest, name: string): string {
  const value = headers[name.toLowerCase()]?.trim();
  if (!value) throw new Failure('webhooks.signature_missing', `The header ${name} is missing.`);
  return value;
}

export function invalidSignature(): Failure {
  return new Failure('webhooks.signature_invalid', 'The request is not signed by a secret of this source.');
}

/** The HMAC of what is signed, part after part, so that a body is not copied to be put behind its timestamp. */
export function hmac(algorithm: string, key: BinaryLike, ...parts: readonly BinaryLike[]): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** Compares in a time that tells nothing of where two values differ. */
export function equal(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** @throws Failure `webhooks.timestamp_out_of_tolerance` for what is no number of seconds, or too far from now either way */
export function requireTimely(timestamp: string, now: Date, tolerance: number): void {
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now.getTime() / 1_000 - seconds) <= tolerance)) {
    throw new Failure(
      'webhooks.timestamp_out_of_tolerance',
      `The signed time is more than ${tolerance} seconds from now.`,
    );
  }
}
