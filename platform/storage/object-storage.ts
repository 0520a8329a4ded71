import type { Readable } from 'node:stream';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';

/** What can be stored: bytes at hand, or a stream of them that is read at the store's pace. */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Media type that later reads answer with. */
  contentType: string;
  /** Most bytes the object may have; one more fails the put with `storage.object_too_large`. */
  maxBytes: number;
  signal?: AbortSignal;
}

export interface StoredObject {
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of the content. */
  sha256: string;
}

export interface ObjectInfo {
  key: string;
  bytes: number;
  modifiedAt: Date;
}

export interface ObjectHead extends ObjectInfo {
  contentType: string;
}

/** Byte range, both ends included, as in RFC 9110 §14. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface PresignPutOptions {
  /** Seconds until the link stops working. */
  expiresIn: number;
  /**
   * Most bytes the upload may have. The folder refuses more at the door. S3 can't bind a limit to a PUT link, so
   * whoever takes the upload into use compares `head().bytes` with the limit first.
   */
  maxBytes: number;
  /** The upload must carry this `Content-Type`. */
  contentType: string;
}

export interface PresignGetOptions {
  /** Seconds until the link stops working. */
  expiresIn: number;
  /** Name the browser saves the download under; may be any text a person typed. */
  filename: string;
}

/** A request that anyone who holds it may send until it expires: exactly this method, URL and headers. */
export interface PresignedRequest {
  method: 'GET' | 'PUT';
  url: string;
  headers: Record<string, string>;
  expiresAt: Date;
}

/**
 * Where files live: a folder on one machine, any S3 elsewhere. Both pass the same contract test.
 *
 * Keys are made by us, never from a person's file name (see {@link parseObjectKey}). A put is all or nothing: until
 * it has ended readers see the former object or none, and a failed or killed put changes neither.
 */
export interface ObjectStorage {
  /**
   * Stores an object, replacing one of the same key.
   * @throws Failure `storage.object_too_large` past `maxBytes`; `storage.full`, which may pass; whatever the body stream
   *   throws.
   */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject>;
  /**
   * Opens an object for reading. The caller reads to the end or destroys the stream.
   * @throws Failure `storage.object_not_found`.
   */
  get(key: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable>;
  /** Facts about an object, or undefined where there is none. */
  head(key: string): Promise<ObjectHead | undefined>;
  /** Removes an object; removing what is not there is no error, so that a retry is harmless. */
  delete(key: string): Promise<void>;
  /** Removes every object whose key starts with `prefix`, which ends with a slash. Returns how many. */
  deletePrefix(prefix: string): Promise<number>;
  /** Every object whose key starts with `prefix` (empty: all), in no promised order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /**
   * Removes what killed processes left half-written, where a storage keeps such. Returns how many.
   *
   * @param olderThan seconds; younger ones may still be growing
   */
  removeUnfinished?(olderThan?: number): Promise<number>;
  presignPut(key: string, options: PresignPutOptions): Promise<PresignedRequest>;
  presignGet(key: string, options: PresignGetOptions): Promise<PresignedRequest>;
}

const segment = /^(?!\.{1,2}$)[A-Za-z0-9!_.()=+-]{1,200}$/;

const objectKey = z
  .string()
  .min(1)
  .max(512)
  .refine((key) => key.split('/').every((part) => segment.test(part)), {
    message:
      'An object key is segments of letters, digits and !_.()=+- joined by single slashes, none of them . or ..',
  });

/**
 * Checks an object key. Narrower than S3 allows, so that a key is also a safe relative path and needs no escaping in
 * a URL: no empty, `.` or `..` segment, no leading slash, no backslash, no control character, no `~` (the folder's own
 * marker).
 * @throws ZodError for anything else.
 */
export function parseObjectKey(key: string): string {
  return objectKey.parse(key);
}

/**
 * Checks a prefix for removal: whole segments that end with a slash. An empty one would remove everything, and `a`
 * would also remove `ab/…`.
 * @throws ZodError otherwise.
 */
export function parseKeyPrefix(prefix: string): string {
  z.string().endsWith('/').parse(prefix);
  objectKey.parse(prefix.slice(0, -1));
  return prefix;
}

/** There is no room for an object. Somebody makes some sooner or later: it is worth trying again. */
export function storageFull(cause: unknown): Failure {
  const failure = new Failure('storage.full', 'There is no room left for files. Try again later.', {
    retryAfter: 5,
  });
  failure.cause = cause;
  return failure;
}
