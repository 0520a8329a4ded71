import { createHash } from 'node:crypto';
import { Failure } from '../../domain/failure.ts';
import type { ObjectBody, StoredObject } from './object-storage.ts';

export interface MeasuredBody {
  chunks: AsyncIterable<Uint8Array>;
  /** Length and hash of what has passed; final once `chunks` has ended. */
  result(): StoredObject;
}

/**
 * Counts and hashes a body while it passes, and stops it at `maxBytes`, so that neither store has to read a file
 * twice or hold it.
 */
export function measureBody(body: ObjectBody, maxBytes: number, signal?: AbortSignal): MeasuredBody {
  const hash = createHash('sha256');
  let bytes = 0;

  async function* pass(): AsyncIterable<Uint8Array> {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      signal?.throwIfAborted();
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        throw new Failure('storage.object_too_large', `The file is larger than ${maxBytes} bytes.`, {
          maxBytes,
        });
      }
      hash.update(chunk);
      yield chunk;
    }
  }

  return { chunks: pass(), result: () => ({ bytes, sha256: hash.copy().digest('hex') }) };
}
