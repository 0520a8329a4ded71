import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { ExportPart } from '../../workflows/tenants/messages.ts';

/** A file that a row of an export names. */
export interface AttachedFile {
  /** In the archive. */
  name: string;
  key: string;
}

/** What became of it in the archive. */
export interface AttachedContent {
  name: string;
  bytes: number;
  sha256: string;
  /** It was deleted while the archive was made, and is empty there. */
  missing?: true;
}

const rowWithFile = z.object({ file: z.string(), object_key: z.string() });

/** The files that the rows of some parts name, part by part; a part is read line by line. */
export async function* attachedFiles(
  storage: ObjectStorage,
  parts: readonly ExportPart[],
  signal: AbortSignal,
): AsyncIterable<AttachedFile> {
  for (const { key } of parts.filter(({ withFiles }) => withFiles)) {
    for await (const line of createInterface({ input: await storage.get(key, { signal }) })) {
      const row = rowWithFile.safeParse(JSON.parse(line));
      if (row.success) yield { name: row.data.file, key: row.data.object_key };
    }
  }
}

/** The content of one, and what is to be told of it when it is through. */
export async function* contentOf(
  storage: ObjectStorage,
  { name, key }: AttachedFile,
  signal: AbortSignal,
  tell: (content: AttachedContent) => void,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  let missing = false;
  try {
    for await (const chunk of await storage.get(key, { signal })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).byteLength;
      yield chunk as Buffer;
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'storage.object_not_found') throw error;
    missing = true;
  }
  tell({ name, bytes, sha256: hash.digest('hex'), ...(missing ? { missing } : {}) });
}
