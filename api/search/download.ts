import type { Context } from 'koa';
import { attachmentDisposition } from '../../platform/storage/content-disposition.ts';
import type { ByteRange, ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { Reply } from '../route.ts';

export interface Download {
  key: string;
  bytes: number;
  /** What the caller saves it as; a person's text. */
  fileName: string;
  mediaType: string;
}

/** A stored file as an answer, whole or the one range asked for (RFC 9110 §14): a broken download can go on. */
export async function downloadReply(
  ctx: Context,
  storage: ObjectStorage,
  { key, bytes, fileName, mediaType }: Download,
  signal: AbortSignal,
): Promise<Reply> {
  // A key is written with other content only when a person is erased from it, and is shorter then.
  const etag = `"${Buffer.from(`${key}:${bytes}`).toString('base64url')}"`;
  const headers = {
    'Accept-Ranges': 'bytes',
    ETag: etag,
    'Content-Disposition': attachmentDisposition(fileName),
  };
  const ifRange = ctx.get('If-Range');
  const range = ifRange === '' || ifRange === etag ? rangeOf(ctx.get('Range'), bytes) : null;
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...headers, 'Content-Range': `bytes */${bytes}` } };
  }
  const length = range ? range.end - range.start + 1 : bytes;
  const content = await storage.get(key, { signal, ...(range ? { range } : {}) });
  return {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'Content-Length': String(length),
      ...(range ? { 'Content-Range': `bytes ${range.start}-${range.end}/${bytes}` } : {}),
    },
    stream: { content, mediaType },
  };
}

/** The one range that a header asks for; null when it asks for none, or for several, which we need not serve. */
function rangeOf(header: string, bytes: number): Required<ByteRange> | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  return start < bytes && start <= end ? { start, end } : 'unsatisfiable';
}
