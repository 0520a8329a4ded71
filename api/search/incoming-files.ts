import type { Context } from 'koa';
import { v7 as uuidv7 } from 'uuid';
import type { StoredFile } from '../../db/search/batch.ts';
import type { Sql } from '../../db/sql.ts';
import { createUpload, getUpload, takeUpload } from '../../db/search/upload.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { guessMapping } from '../../domain/search/mapping-guess.ts';
import { validateMapping, type Mapping } from '../../domain/search/mapping.ts';
import type { PresignedRequest } from '../../platform/storage/object-storage.ts';
import { readTable } from '../../platform/tabular/read.ts';
import type { Principal } from '../principal.ts';
import type { Services } from '../services.ts';
import { readForm, type Form, type FormFile } from './form.ts';

/** Most bytes of a table file, as it is sent. */
export const maxFileBytes = 2 * 1024 ** 3;

const linkSeconds = 3_600;
const uploadHours = 24;
const guessedBy = 100;

/** A file that is in the storage and belongs to nothing yet. */
export interface IncomingFile extends StoredFile {
  uploadId: string;
}

/** Table files on their way into the system: sent with a request, or ahead of it by an upload of their own. */
export class IncomingFiles {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Prepares an upload that goes straight to the storage. */
  async prepare(
    principal: Principal,
    fileName: string,
    contentType: string,
  ): Promise<{ id: string; expiresAt: Date; request: PresignedRequest }> {
    const upload = await this.#register(principal, fileName, contentType);
    const request = await this.#services.storage.presignPut(upload.objectKey, {
      expiresIn: linkSeconds,
      maxBytes: maxFileBytes,
      contentType,
    });
    return { id: upload.id, expiresAt: upload.expiresAt, request };
  }

  /** Stores the file of a form while it comes in. Whatever ends it early leaves no object, and at most a row that is swept. */
  async receive(ctx: Context, principal: Principal, signal: AbortSignal): Promise<Form<IncomingFile>> {
    const store = async ({ content, name, contentType }: FormFile): Promise<IncomingFile> => {
      const upload = await this.#register(principal, name, contentType);
      const { bytes, sha256 } = await this.#services.storage.put(upload.objectKey, content, {
        contentType,
        maxBytes: maxFileBytes,
        signal,
      });
      return { uploadId: upload.id, key: upload.objectKey, name, bytes, sha256 };
    };
    return await readForm(ctx, store, (file) => this.discard(file));
  }

  /** The file of an upload that was made before. @throws Failure `search.upload_not_found`, `_used`, `_missing` */
  async find(sql: Sql, tenantId: string, uploadId: string): Promise<IncomingFile> {
    const upload = await getUpload(sql, tenantId, uploadId);
    const head = await this.#services.storage.head(upload.objectKey);
    if (!head) throw new Failure('search.upload_missing', 'The file of this upload has not been sent yet.');
    if (head.bytes > maxFileBytes) {
      throw new Failure('storage.object_too_large', `The file is larger than ${maxFileBytes} bytes.`, {
        maxBytes: maxFileBytes,
      });
    }
    return { uploadId, key: upload.objectKey, name: upload.fileName, bytes: head.bytes, sha256: null };
  }

  /** Makes a file that of a process, in the process's transaction. */
  async take(
    sql: Sql,
    tenantId: string,
    { uploadId, ...file }: IncomingFile,
    usedBy: string,
  ): Promise<StoredFile> {
    await takeUpload(sql, tenantId, uploadId, usedBy);
    return file;
  }

  /**
   * Looks at the first rows of a file, so that what is no table is refused before anything is promised.
   *
   * @returns the mapping: the given one, which fits, or a guess
   * @throws Failure `search.file_*`, `search.mapping_invalid`
   */
  async mappingOf(file: StoredFile, given: Mapping | undefined): Promise<Mapping> {
    const table = await readTable(await this.#services.storage.get(file.key));
    try {
      const samples: string[][] = [];
      for await (const row of table.rows) {
        if (!row.error) samples.push(row.values);
        if (row.rowNo >= guessedBy) break;
      }
      const mapping = given ?? guessMapping(table.columns, samples).mapping;
      validateMapping(mapping, table.columns, { open: table.format === 'ndjson' });
      return mapping;
    } finally {
      table.close();
    }
  }

  /** Gives up a file that was received with a request that was then refused. What this can't remove is swept later. */
  async discard(file: IncomingFile): Promise<void> {
    try {
      await this.#services.storage.delete(file.key);
    } catch (error) {
      this.#services.log.warn({ err: error, upload_id: file.uploadId }, 'an upload is left to the sweeper');
    }
  }

  async #register(
    principal: Principal,
    fileName: string,
    contentType: string,
  ): Promise<{ id: string; objectKey: string; expiresAt: Date }> {
    const { tenantId, userId } = principal;
    const id = uuidv7();
    const objectKey = `uploads/${tenantId}/${id}`;
    const expiresAt = new Date(Date.now() + uploadHours * 3_600_000);
    await this.#services.database.read('search', ({ sql }) =>
      createUpload(sql, { id, tenantId, objectKey, fileName, contentType, createdBy: userId, expiresAt }),
    );
    return { id, objectKey, expiresAt };
  }
}
