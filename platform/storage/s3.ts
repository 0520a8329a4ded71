import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Failure } from '../../domain/failure.ts';
import { attachmentDisposition } from './content-disposition.ts';
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

export interface S3StorageOptions {
  bucket: string;
  region: string;
  /** Another service than AWS: its URL. */
  endpoint?: string;
  /** What callers are given in links, where they reach the service by another URL than we do. */
  publicEndpoint?: string;
  /** Bucket in the path and not in the host name; what most services other than AWS need. */
  forcePathStyle?: boolean;
  /** Left out: the SDK's own chain (environment, instance role, …). */
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

/** S3 takes at most 10,000 parts; parts of this size reach 160 GB while a put holds 2 × 16 MiB. */
const PART_BYTES = 16 * 1024 * 1024;

/** Object storage in an S3 bucket, of AWS or any service that speaks its API. The bucket must exist. */
export class S3Storage implements ObjectStorage {
  private readonly client: S3Client;
  /** Signs links and never connects. */
  private readonly signer: S3Client;
  private readonly bucket: string;

  constructor(options: S3StorageOptions) {
    const { bucket, publicEndpoint, ...connection } = options;
    this.bucket = bucket;
    // Checksums beyond what S3 requires make links that other services refuse (BadDigest on a presigned PUT).
    const checksums = {
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    } as const;
    this.client = new S3Client({ ...connection, ...checksums });
    this.signer = publicEndpoint
      ? new S3Client({ ...connection, ...checksums, endpoint: publicEndpoint, forcePathStyle: true })
      : this.client;
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.signer.destroy();
    this.client.destroy();
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    const measured = measureBody(body, options.maxBytes, options.signal);
    const upload = new Upload({
      client: this.client,
      params: {
        Bucket: this.bucket,
        Key: parseObjectKey(key),
        Body: Readable.from(measured.chunks, { objectMode: false }),
        ContentType: options.contentType,
      },
      partSize: PART_BYTES,
      queueSize: 2,
      leavePartsOnError: false,
    });
    const abort = (): void => void upload.abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      options.signal?.throwIfAborted();
      await upload.done();
    } catch (error) {
      // 507 Insufficient Storage (RFC 4918), which servers of one's own answer.
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 507)
        throw storageFull(error);
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
    return measured.result();
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<Readable> {
    const { range, signal } = options;
    const command = new GetObjectCommand({
      Bucket: this.bucket,
      Key: parseObjectKey(key),
      ...(range && { Range: `bytes=${range.start}-${range.end ?? ''}` }),
    });
    const found = await ifPresent(this.client.send(command, signal && { abortSignal: signal }));
    if (!(found?.Body instanceof Readable)) {
      throw new Failure('storage.object_not_found', 'There is no such file.');
    }
    return found.Body;
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.bucket, Key: parseObjectKey(key) });
    const found = await ifPresent(this.client.send(command));
    return (
      found && {
        key,
        bytes: found.ContentLength ?? 0,
        modifiedAt: found.LastModified ?? new Date(0),
        contentType: found.ContentType ?? 'application/octet-stream',
      }
    );
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.bucket, Key: parseObjectKey(key) });
    await ifPresent(this.client.send(command));
  }

  async deletePrefix(prefix: string): Promise<number> {
    let count = 0;
    for await (const page of this.pages(parseKeyPrefix(prefix))) {
      if (page.length === 0) continue;
      const command = new DeleteObjectsCommand({
        Bucket: this.bucket,
        Delete: { Objects: page.map(({ key }) => ({ Key: key })), Quiet: true },
      });
      const { Errors: errors = [] } = await this.client.send(command);
      if (errors.length > 0)
        throw new Error(`S3 did not delete ${errors.length} objects: ${errors[0]?.Code}`);
      count += page.length;
    }
    return count;
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    for await (const page of this.pages(prefix)) yield* page;
  }

  async presignPut(key: string, options: PresignPutOptions): Promise<PresignedRequest> {
    const { expiresIn, contentType } = options;
    const command = new PutObjectCommand({
      Bucket: this.bucket,
      Key: parseObjectKey(key),
      ContentType: contentType,
      // Once: what was uploaded can't be replaced while it is worked on. Signed, so that nobody leaves it out.
      IfNoneMatch: '*',
    });
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    const url = await getSignedUrl(this.signer, command, {
      expiresIn,
      signableHeaders: new Set(['host', 'content-type', 'if-none-match']),
      unhoistableHeaders: new Set(['if-none-match']),
    });
    return {
      method: 'PUT',
      url,
      headers: { 'content-type': contentType, 'if-none-match': '*' },
      expiresAt,
    };
  }

  async presignGet(key: string, options: PresignGetOptions): Promise<PresignedRequest> {
    const { expiresIn, filename } = options;
    const command = new GetObjectCommand({
      Bucket: this.bucket,
      Key: parseObjectKey(key),
      ResponseContentDisposition: attachmentDisposition(filename),
    });
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    return {
      method: 'GET',
      url: await getSignedUrl(this.signer, command, { expiresIn }),
      headers: {},
      expiresAt,
    };
  }

  private async *pages(prefix: string): AsyncIterable<ObjectInfo[]> {
    let token: string | undefined;
    do {
      const command: ListObjectsV2Command = new ListObjectsV2Command({
        Bucket: this.bucket,
        Prefix: prefix,
        ContinuationToken: token,
      });
      const page = await this.client.send(command);
      yield (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified = new Date(0) }) => ({
        key: Key,
        bytes: Size,
        modifiedAt: LastModified,
      }));
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }
}

/** The answer, or undefined when S3 says that the object is not there. A missing bucket stays an error. */
async function ifPresent<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound')) {
      return undefined;
    }
    throw error;
  }
}
