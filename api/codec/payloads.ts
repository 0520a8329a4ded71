import type { Payload } from '@temporalio/common';
import { z } from 'zod';

/** Bytes in the JSON form of protocol buffers: base64 of either alphabet. */
const bytes = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]*={0,2}$/)
  .meta({ example: 'anNvbi9wbGFpbg==' });

const payloadSchema = z
  .object({
    metadata: z
      .record(z.string(), bytes)
      .default({})
      .meta({ example: { encoding: 'anNvbi9wbGFpbg==' } }),
    data: bytes.default(''),
  })
  .meta({ id: 'TemporalPayload', description: 'temporal.api.common.v1.Payload.' });

/** `temporal.api.common.v1.Payloads` in the JSON form of protocol buffers, as codec servers take and give it. */
export const payloadsSchema = z.object({
  payloads: z
    .array(payloadSchema)
    .max(10_000)
    .meta({ example: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'InRleHQi' }] }),
});

export type PayloadsJson = z.output<typeof payloadsSchema>;

/** What an operator sees of a payload that nobody can read any more. */
export const erasedPayload: Payload = {
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify('Erased: the tenant was deleted, and the key of this with it.')),
};

export function fromJson({ payloads }: PayloadsJson): Payload[] {
  return payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
}

export function toJson(payloads: readonly Payload[]): PayloadsJson {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
      ),
      data: base64(data ?? new Uint8Array()),
    })),
  };
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
