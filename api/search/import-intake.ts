import { v7 as uuidv7 } from 'uuid';
import { runCommand } from '../../db/commands/command.ts';
import { createImport } from '../../db/search/import.repository.ts';
import { RecordSetRepository } from '../../db/search/record-set.repository.ts';
import type { Mapping } from '../../domain/search/mapping.ts';
import { readJson } from '../body.ts';
import type { Reply, Request } from '../route.ts';
import type { Services } from '../services.ts';
import { validate } from '../validate.ts';
import { readFormFields } from './form-fields.ts';
import { importAddress, presentImport } from './import.presenter.ts';
import { importForm, newImport, type ImportForm } from './import.schemas.ts';
import type { IncomingFile, IncomingFiles } from './incoming-files.ts';

type ImportRequest = Request<{ id: string }, undefined, undefined>;

/** Takes new imports in: with their file in a form, or by the id of an upload made before. */
export class ImportIntake {
  readonly #services: Services;
  readonly #files: IncomingFiles;

  constructor(services: Services, files: IncomingFiles) {
    this.#services = services;
    this.#files = files;
  }

  /** Accepts an import in one transaction, once an `Idempotency-Key`. Nothing of Temporal is needed for it. */
  async submit(request: ImportRequest): Promise<Reply> {
    const { ctx, principal, params } = request;
    const { database } = this.#services;
    // Before the file comes in: nobody sends two gigabytes to learn that the address was wrong.
    await database.read('search', ({ sql }) =>
      new RecordSetRepository(sql, principal.tenantId).get(params.id),
    );
    if (!ctx.is('multipart/form-data')) {
      const { raw, value } = await readJson(ctx);
      const { upload_id, ...body } = validate(newImport, value, 'body');
      const find = (): Promise<IncomingFile> =>
        database.read('search', ({ sql }) => this.#files.find(sql, principal.tenantId, upload_id));
      return (await this.#accept(request, raw, body, find)).reply;
    }
    return await this.#files.accept(request, ({ fields, file }, content) => {
      const body = validate(importForm, readFormFields(fields), 'body');
      return this.#accept(request, content, body, () => Promise.resolve(file));
    });
  }

  async #accept(
    request: ImportRequest,
    content: string | Buffer,
    { mode, mapping }: ImportForm,
    find: () => Promise<IncomingFile>,
  ): Promise<{ reply: Reply; replayed: boolean }> {
    const { principal, ctx, traceId, params } = request;
    const { tenantId, userId } = principal;
    // As with batches: what goes wrong here counts only if the request is not a repetition.
    const [prepared] = await Promise.allSettled([this.#prepare(mapping, find)]);
    const { answer, replayed } = await runCommand(
      this.#services.database,
      'search',
      request.commandKey(content),
      async (transaction) => {
        if (prepared.status === 'rejected') throw prepared.reason;
        const { sql } = transaction;
        const sets = new RecordSetRepository(sql, tenantId);
        const set = await sets.lock(params.id);
        const id = uuidv7();
        const file = await this.#files.take(sql, tenantId, prepared.value.file, `import:${id}`);
        const contentId = mode === 'replace' ? uuidv7() : set.contentId;
        if (mode === 'replace') await sets.createHiddenContent(contentId, set.id, userId);
        const created = await createImport(transaction, {
          id,
          tenantId,
          recordSetId: set.id,
          contentId,
          mode,
          file,
          mapping: prepared.value.mapping,
          traceId,
          createdBy: userId,
        });
        return { status: 202, headers: { Location: importAddress(created) }, body: presentImport(created) };
      },
    );
    if (replayed) ctx.set('Idempotency-Replayed', 'true');
    return { reply: answer, replayed };
  }

  async #prepare(
    given: Mapping | undefined,
    find: () => Promise<IncomingFile>,
  ): Promise<{ file: IncomingFile; mapping: Mapping }> {
    const file = await find();
    return { file, mapping: await this.#files.mappingOf(file, given) };
  }
}
