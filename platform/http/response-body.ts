import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

/** The response has more bytes than its reader wants to hold. */
export class BodyTooLarge extends Error {
  constructor(limit: number) {
    super(`The response is larger than ${limit} bytes.`);
    this.name = 'BodyTooLarge';
  }
}

/** The response is not coded as its header says. */
export class BodyUndecodable extends Error {
  constructor(coding: string) {
    super(`The response is not valid ${coding}.`);
    this.name = 'BodyUndecodable';
  }
}

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** Reads a body to its end, but never more than `limit` bytes of it. */
export async function readBounded(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw closes the stream, and so the connection.
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw new BodyTooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/**
 * Undoes a content coding. We ask for none, but some servers compress regardless. The limit holds for what comes
 * out, so that a small body can't unfold into a large one.
 */
export async function decodeBody(body: Buffer, coding: string | undefined, limit: number): Promise<Buffer> {
  const name = coding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '' || body.length === 0) return body;
  const decode = Object.entries(decoders).find(([known]) => known === name)?.[1];
  if (decode === undefined) throw new BodyUndecodable('content coding');
  try {
    return await decode(body, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLarge(limit);
    throw new BodyUndecodable(name);
  }
}
