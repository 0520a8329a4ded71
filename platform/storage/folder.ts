import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import { measureBody } from './measure.ts';
import { parseKeyPrefix, parseObjectKey, storageFull } from './object-storage.ts';
import type {
  ByteRange,
  ObjectBody,
  ObjectHead,
  ObjectInfo,
  ObjectStorage,
  PresignedRequest,
  PresignGetOptions,
  PresignPutOptions,
  PutOptions,
  StoredObject,
} from './object-storage.ts';
import { signObjectUrl } from './signed-url.ts';

export interface FolderStorageOptions {
  /** Folder that holds the objects; made when it is missing. */
  root: string;
  /** Where the API is reached, for links; a function when the port is known only later. */
  baseUrl: string | (() => string);
  /** Secret that signs links; at least 32 characters. */
  secret: string;
}

const optionsShape = z.object({ root: z.string().min(1), secret: z.string().min(32) });

/** Names that begin with `~` can't be keys: here lie files that are still being written. */
const UNFINISHED = '~unfinished';
/** Beside each file, its media type. `~` can't occur in a key. */
const TYPE_SUFFIX = '~type';

/**
 * Object storage in a folder of one machine: each object is a plain file at its key's path.
 * For `npm start` and tests; every process must see the same folder.
 */
export class FolderStorage implements ObjectStorage {
  private readonly root: string;
  private readonly baseUrl: () => string;
  private readonly secret: string;

  constructor(options: FolderStorageOptions) {
    const { baseUrl } = options;
    const { root, secret } = optionsShape.parse(options);
    this.root = root;
    this.secret = secret;
    this.baseUrl = typeof baseUrl === 'string' ? () => baseUrl : baseUrl;
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    const path = this.path(key);
    const measured = measureBody(body, options.maxBytes, options.signal);
    try {
      await this.replaceFile(path, measured.chunks, () =>
        this.replaceFile(path + TYPE_SUFFIX, [Buffer.from(options.contentType)]),
      );
    } catch (error) {
      if (hasCode(error, 'ENOSPC', 'EDQUOT')) throw storageFull(error);
      throw error;
    }
    return measured.result();
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<Readable> {
    const path = this.path(key);
    const file = await ifPresent(open(path, 'r'));
    if (file === undefined || !(await file.stat()).isFile()) {
      await file?.close();
      throw new Failure('storage.object_not_found', 'There is no such file.');
    }
    if (options.signal?.aborted) {
      await file.close();
      throw options.signal.reason;
    }
    const stream = createReadStream(path, { fd: file, ...options.range });
    // Whoever reads it hears of its end. When the caller goes away before, nobody does, and that ends no process.
    stream.on('error', () => undefined);
    return options.signal ? addAbortSignal(options.signal, stream) : stream;
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const path = this.path(key);
    const stats = await ifPresent(stat(path));
    if (!stats?.isFile()) return undefined;
    const contentType = (await ifPresent(readFile(path + TYPE_SUFFIX, 'utf8'))) ?? 'application/octet-stream';
    return { key, bytes: stats.size, modifiedAt: stats.mtime, contentType };
  }

  async delete(key: string): Promise<void> {
    const path = this.path(key);
    if ((await ifPresent(stat(path)))?.isDirectory()) return;
    await rm(path, { force: true });
    await rm(path + TYPE_SUFFIX, { force: true });
    await this.removeEmptyFolders(dirname(path));
  }

  async deletePrefix(prefix: string): Promise<number> {
    let count = 0;
    for await (const { key } of this.list(parseKeyPrefix(prefix))) {
      await this.delete(key);
      count += 1;
    }
    return count;
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') parseKeyPrefix(folder);
    yield* this.walk(folder, prefix);
  }

  presignPut(key: string, options: PresignPutOptions): Promise<PresignedRequest> {
    const { maxBytes, contentType } = options;
    const expires = expiryOf(options.expiresIn);
    const grant = { method: 'PUT', key: parseObjectKey(key), expires, maxBytes, contentType } as const;
    const url = signObjectUrl(this.baseUrl(), this.secret, grant);
    const expiresAt = new Date(expires * 1000);
    return Promise.resolve({ method: 'PUT', url, headers: { 'content-type': contentType }, expiresAt });
  }

  presignGet(key: string, options: PresignGetOptions): Promise<PresignedRequest> {
    const expires = expiryOf(options.expiresIn);
    const grant = { method: 'GET', key: parseObjectKey(key), expires, filename: options.filename } as const;
    const url = signObjectUrl(this.baseUrl(), this.secret, grant);
    return Promise.resolve({ method: 'GET', url, headers: {}, expiresAt: new Date(expires * 1000) });
  }

  private path(key: string): string {
    return join(this.root, ...parseObjectKey(key).split('/'));
  }

  /**
   * Writes a file whole or not at all: into a file of its own, to disk, then renamed over the old one. `then` runs
   * once the content is safe and before the name is taken, so that no object is ever seen without its media type.
   * A kill leaves only a file under `~unfinished`, which `removeUnfinished` clears.
   */
  private async replaceFile(
    path: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    then?: () => Promise<void>,
  ): Promise<void> {
    const unfinished = join(this.root, UNFINISHED, randomUUID());
    await mkdir(dirname(unfinished), { recursive: true });
    try {
      const file = await open(unfinished, 'wx');
      try {
        for await (const chunk of chunks) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await then?.();
      await this.takeName(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** A delete may remove the folder as empty between its making and the rename: then it is made again. */
  private async takeName(unfinished: string, path: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await makeFolder(dirname(path), this.root);
        await rename(unfinished, path);
        await syncFolder(dirname(path));
        return;
      } catch (error) {
        if (tries === 10 || !hasCode(error, 'ENOENT')) throw error;
      }
    }
  }

  /** Removes what killed processes left half-written; files younger than `olderThan` seconds may still be growing. */
  async removeUnfinished(olderThan = 86_400): Promise<number> {
    const folder = join(this.root, UNFINISHED);
    let count = 0;
    for (const name of (await ifPresent(readdir(folder))) ?? []) {
      const stats = await ifPresent(stat(join(folder, name)));
      if (stats === undefined || Date.now() - stats.mtimeMs < olderThan * 1000) continue;
      await rm(join(folder, name), { force: true });
      count += 1;
    }
    return count;
  }

  private async *walk(folder: string, prefix: string): AsyncIterable<ObjectInfo> {
    const found =
      (await ifPresent(readdir(join(this.root, ...folder.split('/')), { withFileTypes: true }))) ?? [];
    const entries = found
      .filter((entry) => !entry.name.includes('~'))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''));
    for (const key of entries) {
      if (key.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.walk(key, prefix);
      } else if (key.startsWith(prefix)) {
        const stats = await ifPresent(stat(this.path(key)));
        if (stats) yield { key, bytes: stats.size, modifiedAt: stats.mtime };
      }
    }
  }

  private async removeEmptyFolders(folder: string): Promise<void> {
    for (let at = folder; at.startsWith(this.root + sep); at = dirname(at)) {
      try {
        await rmdir(at);
      } catch (error) {
        if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
        throw error;
      }
    }
  }
}

function expiryOf(expiresIn: number): number {
  return Math.floor(Date.now() / 1000) + z.number().int().positive().parse(expiresIn);
}

/** Makes a folder, and puts each new folder's name on disk too: a rename into it must survive a power cut. */
async function makeFolder(folder: string, root: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let at = folder; at.length >= first.length && at.startsWith(root); at = dirname(at)) {
    await syncFolder(dirname(at));
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The result, or undefined when the file is not there. A folder where a file is asked for, or the reverse, is absent too. */
async function ifPresent<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
