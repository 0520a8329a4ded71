import { hash } from 'node:crypto';
import type { StoredFile } from '../../db/search/batch.ts';
import type { Sql } from '../../db/sql.ts';
import { insertInlineFile } from '../../db/search/inline-files.ts';
import { createUpload, getUpload, takeUpload } from '../../db/search/upload.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { inlineFolder, mostInlineBytes } from '../../domain/search/inline-file.ts';
import { guessMapping } from '../../domain/search/mapping-guess.ts';
import { validateMapping, type Mapping } from '../../domain/search/mapping.ts';
import { readBeginning } from '../../platform/storage/beginning.ts';
import type { PresignedRequest } from '../../platform/storage/object-storage.ts';
import { readTable } from '../../platform/tabular/read.ts';
import { orderedUuid } from '../../platform/uuid.ts';
import type { Principal } from '../principal.ts';
import type { Reply, Request } from '../route.ts';
import type { Services } from '../services.ts';
import { readForm, type Form, type FormFile } from './form.ts';

/** Most bytes of a table file, as it is sent. */
export const maxFileBytes = 2 * 1024 ** 3;

const linkSeconds = 3_600;
const uploadHours = 24;
const guessedBy = 100;

/** A file that is in the storage and belongs to nothing yet. */
export interface UploadedFile extends StoredFile {
  uploadId: string;
}

/** A small file that is nowhere yet but here. */
export interface FileAtHand extends StoredFile {
  content: Buffer;
  contentType: string;
}

/** What of a request an upload needs. Its signal is looked at only when the file goes to the storage. */
type Upload = Pick<Request, 'ctx' | 'principal' | 'signal'>;

export type IncomingFile = UploadedFile | FileAtHand;

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

  /**
   * Has what a form brings accepted. Its file is given up when that is refused, and when the same request has brought it
   * before.
   *
   * @param accept gets the form, and with it what its `Idempotency-Key` stands for
   */
  async accept(
    request: Upload,
    accept: (form: Form<IncomingFile>, content: string) => Promise<{ reply: Reply; replayed: boolean }>,
  ): Promise<Reply> {
    const form = await this.#receive(request);
    const { fields, file } = form;
    try {
      const { reply, replayed } = await accept(form, JSON.stringify([file.sha256, file.name, fields]));
      if (replayed) await this.#discard(file);
      return reply;
    } catch (error) {
      // A refusal has rolled everything back. After any other failure the process may be there, its commit unheard of, and
      // this is its file.
      if (error instanceof Failure) await this.#discard(file);
      throw error;
    }
  }

  /**
   * Takes the file of a form while it comes in. A small one stays at hand, to be stored with what it belongs to; another goes
   * to the storage. Whatever ends that early leaves no object, and at most a row that is swept.
   */
  async #receive(request: Upload): Promise<Form<IncomingFile>> {
    const take = async (file: FormFile): Promise<IncomingFile> => {
      const beginning = await readBeginning(file.content, mostInlineBytes);
      if (!beginning.whole) return await this.#store(request, file, beginning.chunks);
      const { content } = beginning;
      const sha256 = hash('sha256', content, 'hex');
      const key = `${inlineFolder}/${request.principal.tenantId}/${orderedUuid()}`;
      const { name, contentType } = file;
      return { key, name, bytes: content.length, sha256, content, contentType };
    };
    return await readForm(request.ctx, take, (file) => this.#discard(file));
  }

  /** Stores the file of a form, however small, as an upload that later requests may name. */
  async receiveUpload(request: Upload): Promise<Form<UploadedFile>> {
    const store = (file: FormFile): Promise<UploadedFile> => this.#store(request, file, file.content);
    return await readForm(request.ctx, store, (file) => this.#discard(file));
  }

  /** The file of an upload that was made before. @throws Failure `search.upload_not_found`, `_used`, `_missing` */
  async find(sql: Sql, tenantId: string, uploadId: string): Promise<UploadedFile> {
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
  async take(sql: Sql, tenantId: string, incoming: IncomingFile, usedBy: string): Promise<StoredFile> {
    if ('content' in incoming) await insertInlineFile(sql, tenantId, incoming);
    else await takeUpload(sql, tenantId, incoming.uploadId, usedBy);
    return storedFileOf(incoming);
  }

  /**
   * Looks at the first rows of a file, so that what is no table is refused before anything is promised.
   *
   * @returns the mapping: the given one, which fits, or a guess
   * @throws Failure `search.file_*`, `search.mapping_invalid`
   */
  async mappingOf(file: IncomingFile, given: Mapping | undefined): Promise<Mapping> {
    const content = 'content' in file ? file.content : await this.#services.storage.get(file.key);
    const table = await readTable(content);
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
  async #discard(file: IncomingFile): Promise<void> {
    if ('content' in file) return;
    try {
      await this.#services.storage.delete(file.key);
    } catch (error) {
      this.#services.log.warn({ err: error, upload_id: file.uploadId }, 'an upload is left to the sweeper');
    }
  }

  async #store(
    { principal, signal }: Upload,
    { name, contentType }: FormFile,
    content: AsyncIterable<Uint8Array>,
  ): Promise<UploadedFile> {
    const upload = await this.#register(principal, name, contentType);
    const options = { contentType, maxBytes: maxFileBytes, signal };
    const { bytes, sha256 } = await this.#services.storage.put(upload.objectKey, content, options);
    return { uploadId: upload.id, key: upload.objectKey, name, bytes, sha256 };
  }

  async #register(
    principal: Principal,
    fileName: string,
    contentType: string,
  ): Promise<{ id: string; objectKey: string; expiresAt: Date }> {
    const { tenantId, userId } = principal;
    const id = orderedUuid();
    const objectKey = `uploads/${tenantId}/${id}`;
    const expiresAt = new Date(Date.now() + uploadHours * 3_600_000);
    await this.#services.database.read('search', ({ sql }) =>
      createUpload(sql, { id, tenantId, objectKey, fileName, contentType, createdBy: userId, expiresAt }),
    );
    return { id, objectKey, expiresAt };
  }
}

/** What a process keeps of its file. */
export function storedFileOf({ key, name, bytes, sha256 }: IncomingFile): StoredFile {
  return { key, name, bytes, sha256 };
}
