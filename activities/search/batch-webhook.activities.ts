import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { countsOf, type Batch, type BatchWebhook } from '../../db/search/batch.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import { webhookHeaders, webhookSecret } from '../../platform/crypto/webhook-signature.ts';
import { OutboundClient, type OutboundResult } from '../../platform/http/outbound.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import type { WorkerServices } from '../services.ts';

type Delivery = Pick<BatchActivities, 'deliverBatchWebhook' | 'abandonBatchWebhook'>;

/** Tells the address that a batch's owner has named that it has ended. Never changes what the batch has become. */
export function createBatchWebhookActivities({
  config,
  database,
}: Pick<WorkerServices, 'config' | 'database'>): Delivery {
  const outbound = new OutboundClient({ allowPrivate: config.OUTBOUND_ALLOW_PRIVATE });

  const note = async (
    batch: Batch,
    change: Partial<BatchWebhook>,
    type: 'search.batch_webhook_delivered' | 'search.batch_webhook_refused' | 'search.batch_webhook_given_up',
  ): Promise<void> => {
    await database.transaction('search', async (transaction) => {
      const now = await new BatchRepository(transaction.sql).lock(batch.tenantId, batch.id);
      if (now.webhook?.state !== 'pending') return;
      const delivered = change.state === 'delivered' ? { deliveredAt: now.readAt.toISOString() } : {};
      const webhook = { ...now.webhook, ...change, ...delivered };
      await changeBatch(transaction, now, { webhook }, { type, data: { error: webhook.lastError } });
    });
  };
  const read = (tenantId: string, id: string): Promise<Batch> =>
    database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, id));

  return {
    async deliverBatchWebhook({ batchId, tenantId }) {
      const batch = await read(tenantId, batchId);
      const { webhook } = batch;
      if (webhook?.state !== 'pending') return;
      const body = JSON.stringify(payloadOf(batch, config.PUBLIC_URL));
      const secret = webhookSecret(config.ENCRYPTION_KEYS, webhook.keyId, `batch:${batch.id}`);
      const result = await outbound.send({
        url: webhook.url,
        method: 'POST',
        // Receivers refuse what seems to be of another time.
        headers: webhookHeaders(secret, `batch_${batch.id}_${batch.run}`, body, batch.readAt),
        body,
        hosts: 'any',
        signal: cancellationSignal(),
        maxRedirects: 0,
        maxResponseBytes: 65_536,
      });
      const attempts = webhook.attempts + 1;
      const lastError = problemOf(result);
      if (lastError === null) {
        return await note(
          batch,
          { state: 'delivered', attempts, lastError },
          'search.batch_webhook_delivered',
        );
      }
      await note(batch, { attempts, lastError }, 'search.batch_webhook_refused');
      throw ApplicationFailure.create({ type: 'search.webhook_refused', message: lastError });
    },

    async abandonBatchWebhook({ batchId, tenantId }) {
      await note(await read(tenantId, batchId), { state: 'failed' }, 'search.batch_webhook_given_up');
    },
  };
}

function problemOf(result: OutboundResult): string | null {
  if (!result.ok) return `${result.code}: ${result.message}`;
  return result.status >= 200 && result.status < 300 ? null : `The receiver answered ${result.status}.`;
}

/** What the receiver gets: facts and links, no row and no person. */
function payloadOf(batch: Batch, publicUrl: string): object {
  const url = new URL(`/v1/batches/${batch.id}`, publicUrl).href;
  return {
    type: `batch.${batch.phase}`,
    timestamp: (batch.finishedAt ?? batch.updatedAt).toISOString(),
    data: {
      id: batch.id,
      name: batch.name,
      state: batch.phase,
      rows: countsOf(batch),
      cost: formatDecimal(batch.costMicros),
      currency: batch.currency,
      problem: batch.problem,
      url,
      ...(batch.resultFiles
        ? { results: { csv: `${url}/results.csv`, ndjson: `${url}/results.ndjson` } }
        : {}),
    },
  };
}
