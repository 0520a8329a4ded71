import { z } from 'zod';
import { runCommand, type Answer } from '../../db/commands/command.ts';
import type { Batch, BatchWebhook } from '../../db/search/batch.ts';
import {
  createBatch,
  createBatches,
  type BatchToCreate,
  type NewBatch,
} from '../../db/search/create-batches.ts';
import { Failure } from '../../domain/failure.ts';
import { parseDecimal } from '../../domain/search/micros.ts';
import { webhookSecret } from '../../platform/crypto/webhook-signature.ts';
import { checkDestination, parseHostsAndPorts } from '../../platform/http/destination.ts';
import { isOutage } from '../../platform/outage.ts';
import { traceparentHere } from '../../platform/telemetry/span.ts';
import { Together } from '../../platform/together.ts';
import { orderedUuid } from '../../platform/uuid.ts';
import { readJson } from '../body.ts';
import type { Principal } from '../principal.ts';
import type { Reply, Request } from '../route.ts';
import type { Services } from '../services.ts';
import { validate } from '../validate.ts';
import { presentBatch } from './batch.presenter.ts';
import { batchForm, newBatch, type BatchForm } from './batch.schemas.ts';
import { readFormFields } from './form-fields.ts';
import { storedFileOf, type FileAtHand, type IncomingFile, type IncomingFiles } from './incoming-files.ts';
import { requireRecordSets } from './record-set-check.ts';

type PreparedBatch = NewBatch & { file: IncomingFile };

/** One with its file at hand. */
type SmallBatch = PreparedBatch & { file: FileAtHand };

/** What is kept of it: of its file, no content. */
function storedBatchOf(batch: PreparedBatch): NewBatch {
  return { ...batch, file: storedFileOf(batch.file) };
}

function isSmall(batch: PreparedBatch): batch is SmallBatch {
  return 'content' in batch.file;
}

type BatchRequest = Request<undefined, undefined, undefined>;

/** Takes new batches in: with their file in a form, or by the id of an upload made before. */
export class BatchIntake {
  readonly #services: Services;
  readonly #files: IncomingFiles;
  /** Batches that are accepted at the same time are one statement, each before its caller is answered. */
  readonly #together: Together<BatchToCreate, Batch>;

  constructor(services: Services, files: IncomingFiles) {
    this.#services = services;
    this.#files = files;
    const teller = services.database.alone('search');
    this.#together = new Together(
      (batches: readonly BatchToCreate[]) => createBatches(teller, batches),
      (error) => !isOutage(error),
    );
  }

  /** Accepts a batch in one transaction, once an `Idempotency-Key`. Nothing of Temporal is needed for it. */
  async submit(request: BatchRequest): Promise<Reply> {
    const { ctx } = request;
    return ctx.is('multipart/form-data')
      ? await this.#submitForm(request)
      : await this.#submitUpload(request);
  }

  async #submitForm(request: BatchRequest): Promise<Reply> {
    return await this.#files.accept(request, ({ fields, file }, content) => {
      const body = validate(batchForm, readFormFields(fields), 'body');
      return this.#accept(request, content, body, () => Promise.resolve(file));
    });
  }

  async #submitUpload(request: BatchRequest): Promise<Reply> {
    const { raw, value } = await readJson(request.ctx);
    const { upload_id, ...body } = validate(newBatch, value, 'body');
    const { database } = this.#services;
    const find = (): Promise<IncomingFile> =>
      database.read('search', ({ sql }) => this.#files.find(sql, request.principal.tenantId, upload_id));
    return (await this.#accept(request, raw, body, find)).reply;
  }

  async #accept(
    request: BatchRequest,
    content: string | Buffer,
    body: BatchForm,
    find: () => Promise<IncomingFile>,
  ): Promise<{ reply: Reply; replayed: boolean }> {
    const { principal, ctx } = request;
    // Before the transaction, which must not hold a connection while it waits for another one or for the storage. What
    // goes wrong counts only if the request is not a repetition, for then its file is in use already.
    const [prepared] = await Promise.allSettled([this.#prepare(request, body, find)]);
    const key = request.commandKey(content);
    const { database } = this.#services;
    // A small file and its batch are one statement, and without a key there is nothing to be done beside it.
    if (!key && prepared.status === 'fulfilled' && isSmall(prepared.value)) {
      const created = await this.#together.ask({
        batch: storedBatchOf(prepared.value),
        content: prepared.value.file,
        traceparent: traceparentHere(),
      });
      return { reply: this.#accepted(created), replayed: false };
    }
    const { answer, replayed } = await runCommand(database, 'search', key, async (transaction) => {
      if (prepared.status === 'rejected') throw prepared.reason;
      const { id, file } = prepared.value;
      if (!('content' in file))
        await this.#files.take(transaction.sql, principal.tenantId, file, `batch:${id}`);
      const stored = storedBatchOf(prepared.value);
      return this.#accepted(await createBatch(transaction, stored, 'content' in file ? file : null));
    });
    if (replayed) ctx.set('Idempotency-Replayed', 'true');
    return { reply: answer, replayed };
  }

  #accepted(batch: Batch): Answer {
    return { status: 202, headers: locationOf(batch), body: presentBatch(batch, this.#secretOf(batch)) };
  }

  async #prepare(
    { principal, traceId }: BatchRequest,
    body: BatchForm,
    find: () => Promise<IncomingFile>,
  ): Promise<PreparedBatch> {
    const { tenantId, userId } = principal;
    await this.#check(principal, body);
    const file = await find();
    const mapping = await this.#files.mappingOf(file, body.mapping);
    return {
      id: orderedUuid(),
      tenantId,
      name: body.name ?? file.name,
      kind: body.kind,
      file,
      mapping,
      options: {
        minScore: body.min_score,
        requiredFields: body.required_fields,
        rowBudget: body.row_budget === undefined ? null : String(parseDecimal(body.row_budget)),
        recordSetIds: body.record_set_ids ?? null,
        useCache: body.use_cache,
      },
      priority: body.priority,
      concurrency: body.concurrency,
      // That of the organisation.
      currency: null,
      budgetMicros: body.budget === null ? null : parseDecimal(body.budget),
      webhook: this.#webhookOf(body.webhook_url),
      traceId,
      createdBy: userId,
    };
  }

  async #check(principal: Principal, body: BatchForm): Promise<void> {
    const { config, database } = this.#services;
    if (body.record_set_ids) await requireRecordSets(database, principal.tenantId, body.record_set_ids);
    if (body.webhook_url === undefined) return;
    const allowed = parseHostsAndPorts(config.OUTBOUND_ALLOW_PRIVATE);
    const destination = checkDestination(body.webhook_url, 'any', allowed);
    if (!destination.allowed) {
      throw new Failure('search.webhook_url', 'This address cannot be told of anything.', {
        issues: [{ pointer: '/body/webhook_url', message: destination.message }],
      });
    }
  }

  #webhookOf(url: string | undefined): BatchWebhook | null {
    if (url === undefined) return null;
    const keyId = this.#services.config.ENCRYPTION_KEYS.current;
    return { url, keyId, state: 'pending', attempts: 0, lastError: null, deliveredAt: null };
  }

  #secretOf({ id, webhook }: Batch): string | undefined {
    if (!webhook) return undefined;
    return webhookSecret(this.#services.config.ENCRYPTION_KEYS, webhook.keyId, `batch:${id}`);
  }
}

/** Where a new process is found, for the answer 202. */
export function locationOf({ id }: { id: string }): Record<string, string> {
  return { Location: `/v1/batches/${id}` };
}

export const batchId = z.object({ id: z.uuid() });
