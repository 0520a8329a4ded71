import { addAbortSignal, Readable } from 'node:stream';
import type { Database } from '../../db/database.ts';
import {
  deleteInlineFile,
  deleteInlineFiles,
  listInlineFiles,
  readInlineFile,
} from '../../db/search/inline-files.ts';
import { inlineFolder, isInline } from '../../domain/search/inline-file.ts';
import { Failure } from '../../domain/failure.ts';
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
} from '../../platform/storage/object-storage.ts';

/**
 * An object storage beside which small files lie in the database, under keys of a folder of their own. Whoever reads or
 * deletes a file need not know which of the two has it. An inline file is written in a transaction (`insertInlineFile`,
 * `putInlineFiles`) and never by `put`.
 */
export class FileStorage implements ObjectStorage {
  readonly #objects: ObjectStorage;
  readonly #database: Database;

  constructor(objects: ObjectStorage, database: Database) {
    this.#objects = objects;
    this.#database = database;
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    if (isInline(key)) throw new Error('An inline file is stored in a transaction.');
    return await this.#objects.put(key, body, options);
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<Readable> {
    if (!isInline(key)) return await this.#objects.get(key, options);
    const content = await this.#database.read('search', ({ sql }) => readInlineFile(sql, key));
    if (content === null) throw new Failure('storage.object_not_found', 'There is no such file.');
    options.signal?.throwIfAborted();
    const { start = 0, end = content.length - 1 } = options.range ?? {};
    const stream = Readable.from([content.subarray(start, end + 1)], { objectMode: false });
    stream.on('error', () => undefined);
    return options.signal ? addAbortSignal(options.signal, stream) : stream;
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    if (!isInline(key)) return await this.#objects.head(key);
    const found = await this.#database.read('search', ({ sql }) => listInlineFiles(sql, key));
    return found.find((file) => file.key === key);
  }

  async delete(key: string): Promise<void> {
    if (!isInline(key)) return await this.#objects.delete(key);
    await this.#database.read('search', ({ sql }) => deleteInlineFile(sql, key));
  }

  async deletePrefix(prefix: string): Promise<number> {
    if (!isInline(prefix)) return await this.#objects.deletePrefix(prefix);
    return await this.#database.read('search', ({ sql }) => deleteInlineFiles(sql, prefix));
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    if (!isInline(prefix)) yield* this.#objects.list(prefix);
    if (isInline(prefix) || `${inlineFolder}/`.startsWith(prefix))
      yield* await this.#database.read('search', ({ sql }) => listInlineFiles(sql, prefix));
  }

  async removeUnfinished(olderThan?: number): Promise<number> {
    return (await this.#objects.removeUnfinished?.(olderThan)) ?? 0;
  }

  async presignPut(key: string, options: PresignPutOptions): Promise<PresignedRequest> {
    return await this.#objects.presignPut(key, options);
  }

  async presignGet(key: string, options: PresignGetOptions): Promise<PresignedRequest> {
    return await this.#objects.presignGet(key, options);
  }
}
