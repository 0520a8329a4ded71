import type { Payload } from '@temporalio/common';

/** Every payload in a message of Temporal's, but for search attributes, which are in the clear. */
export function payloadsIn(value: unknown): Payload[] {
  if (Array.isArray(value)) return value.flatMap(payloadsIn);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { metadata } = value as Payload;
  if (metadata?.['encoding'] instanceof Uint8Array) return [value as Payload];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'searchAttributes' ? [] : payloadsIn(member),
  );
}

/** The name of the key that sealed a payload; empty for one that is in the clear. */
export function keyOf({ metadata }: Payload): string {
  return Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();
}

/** What can be read in the payloads of a message. */
export function unsealed(value: unknown): string[] {
  return payloadsIn(value)
    .filter(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString() !== 'binary/encrypted')
    .map(({ data }) => Buffer.from(data ?? []).toString());
}

/** A payload in the JSON form of protocol buffers. */
export function jsonOf({ metadata, data }: Payload) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    data: base64(data ?? new Uint8Array()),
  };
}
