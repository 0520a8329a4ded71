import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import {
  BatchRepository,
  changeBatch,
  commandBatch,
  type Actor,
  type BatchChange,
} from '../../db/search/batch.repository.ts';
import { deleteBatch, retryFailedRows } from '../../db/search/batch-endings.ts';
import { applyCommand } from '../../domain/search/batch.ts';
import { parseDecimal } from '../../domain/search/micros.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { locationOf } from './batch-intake.ts';
import { presentBatch } from './batch.presenter.ts';
import { batchShape, changedSettings, retrySettings } from './batch.schemas.ts';

const params = z.object({ id: z.uuid() });
const idempotency = { domain: 'search', mode: 'transaction' } as const;

const commands = [
  {
    command: 'pause',
    summary: 'Pause a batch',
    description:
      'No further row is taken in hand from now on. Chunks at work end their step, within a second or so; what it has found is kept.',
  },
  { command: 'resume', summary: 'Go on with a paused batch', description: 'It goes on where it was.' },
  {
    command: 'cancel',
    summary: 'End a batch early',
    description:
      'What is done is kept and paid, the other rows are `skipped`, and the result files are written of all: they are there when the ' +
      'state is `cancelled`.',
  },
] as const;

/**
 * What the owner of a batch can do to it. Each command is one transaction in the database, which is the record: it is in
 * force when the answer is there, whether or not a workflow is running to hear of it.
 */
export function createBatchCommandRoutes(_services: Services): Route[] {
  return [
    ...commands.map(({ command, summary, description }) =>
      route({
        method: 'post',
        path: `/v1/batches/:id/${command}`,
        summary,
        description,
        tag: 'Batches',
        access: 'batches:write',
        rate: 'write',
        params,
        idempotency,
        responses: { 200: { description: 'The batch as it now is.', body: batchShape } },
        failures: ['search.batch_not_found', 'search.batch_state'],
        handler: async (request, transaction) => {
          const { tenantId } = request.principal;
          const batch = await commandBatch(
            transaction,
            tenantId,
            request.params.id,
            command,
            actorOf(request),
          );
          return { status: 200, body: presentBatch(batch) };
        },
      }),
    ),
    route({
      method: 'post',
      path: '/v1/batches/:id/retry-failed',
      summary: 'Search the failed rows again',
      description:
        'Rows that failed because a provider was not to be had, and rows that were skipped. Rows that are wrong in themselves stay ' +
        'failed. After the end of the batch this opens it again: new result files take the place of the old ones.',
      tag: 'Batches',
      access: 'batches:write',
      rate: 'write',
      params,
      body: retrySettings,
      idempotency,
      responses: {
        202: {
          description: 'The rows are pending again.',
          body: batchShape,
          headers: { Location: 'Where the batch is found.' },
        },
      },
      failures: ['search.batch_not_found', 'search.batch_state'],
      handler: async (request, transaction) => {
        const { tenantId } = request.principal;
        const { budget } = request.body;
        const batch = await retryFailedRows(
          transaction,
          tenantId,
          request.params.id,
          budget === undefined ? undefined : microsOf(budget),
          actorOf(request),
        );
        return { status: 202, headers: locationOf(batch), body: presentBatch(batch) };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/batches/:id',
      summary: 'Change a batch while it works',
      tag: 'Batches',
      access: 'batches:write',
      rate: 'write',
      params,
      body: changedSettings,
      ifMatch: true,
      idempotency,
      responses: {
        200: {
          description: 'The batch as it now is.',
          body: batchShape,
          headers: { ETag: 'Of the new settings.' },
        },
      },
      failures: ['search.batch_not_found', 'search.batch_state', 'request.precondition_failed'],
      handler: async (request, transaction) => {
        const { name, priority, concurrency, budget } = request.body;
        const batch = await lock(transaction, request.principal.tenantId, request.params.id);
        requireMatch(request.ctx, batch.version);
        applyCommand('change', batch);
        const change: BatchChange = {
          version: batch.version + 1,
          ...(name === undefined ? {} : { name }),
          ...(priority === undefined ? {} : { priority }),
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(budget === undefined ? {} : { budgetMicros: microsOf(budget) }),
        };
        const data = { priority, concurrency, budget };
        const changed = await changeBatch(
          transaction,
          batch,
          change,
          { type: 'search.batch_changed', data },
          actorOf(request),
        );
        return { status: 200, headers: { ETag: etagOf(changed.version) }, body: presentBatch(changed) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/batches/:id',
      summary: 'Delete a batch that has ended',
      description: 'It is gone at once; its rows and files are deleted in the background.',
      tag: 'Batches',
      access: 'batches:write',
      rate: 'write',
      params,
      idempotency,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['search.batch_not_found', 'search.batch_state'],
      handler: async (request, transaction) => {
        const batch = await lock(transaction, request.principal.tenantId, request.params.id);
        applyCommand('delete', batch);
        await deleteBatch(transaction, batch, actorOf(request));
        return { status: 204 };
      },
    }),
  ];
}

function actorOf({ principal, traceId }: Request): Actor {
  return { userId: principal.userId, traceId };
}

async function lock({ sql }: Transaction, tenantId: string, id: string) {
  return await new BatchRepository(sql).lock(tenantId, id);
}

function microsOf(budget: string | null): bigint | null {
  return budget === null ? null : parseDecimal(budget);
}
