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

export interface ReadBody {
  body: Buffer;
  /** There was more of it. */
  cut: boolean;
}

/**
 * The whole of a body, decoded.
 *
 * @throws BodyTooLarge, BodyUndecodable
 */
export async function readWhole(
  content: AsyncIterable<Uint8Array>,
  coding: string | undefined,
  limit: number,
): Promise<ReadBody> {
  return { body: await decodeBody(await readBounded(content, limit), coding, limit), cut: false };
}

/** As much of a body as the limit lets in. Of a coded one that is too large, or can't be decoded, nothing. */
export async function readBeginning(
  content: AsyncIterable<Uint8Array>,
  coding: string | undefined,
  limit: number,
): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop closes the stream, and so the connection.
    if (size > limit) break;
  }
  const cut = size > limit;
  const raw = Buffer.concat(chunks, size).subarray(0, limit);
  if (coding === undefined || isPlain(coding)) return { body: raw, cut };
  if (cut) return { body: Buffer.alloc(0), cut };
  try {
    return { body: await decodeBody(raw, coding, limit), cut };
  } catch (error) {
    if (error instanceof BodyTooLarge || error instanceof BodyUndecodable)
      return { body: Buffer.alloc(0), cut: true };
    throw error;
  }
}

/** Reads a body to its end, but never more than `limit` bytes of it. */
async function readBounded(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
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
async function decodeBody(body: Buffer, coding: string | undefined, limit: number): Promise<Buffer> {
  const name = coding?.trim().toLowerCase() ?? 'identity';
  if (isPlain(name) || body.length === 0) return body;
  const decode = Object.entries(decoders).find(([known]) => known === name)?.[1];
  if (decode === undefined) throw new BodyUndecodable('content coding');
  try {
    return await decode(body, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLarge(limit);
    throw new BodyUndecodable(name);
  }
}

function isPlain(coding: string): boolean {
  const name = coding.trim().toLowerCase();
  return name === 'identity' || name === '';
}
