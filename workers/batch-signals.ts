import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { DomainEvent } from '../domain/events/event.ts';
import { subjectId } from '../domain/events/subject.ts';
import { batchChangedSignal, batchWorkflowId } from '../workflows/search/messages.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { callTemporal, reachTemporal } from './temporal-outage.ts';

/**
 * Tells a batch's workflow that its owner has changed it. The signal carries nothing, as the database is the record. A
 * workflow that has not started yet will read the change there, and one that has ended needs no word: so one that is not
 * found is no fault.
 */
export function createBatchSignals(temporal: () => Promise<Client>): OutboxConsumer {
  return {
    async handle(events: DomainEvent[]) {
      const client = await reachTemporal(temporal);
      await Promise.all(
        events.map(async ({ subject, data }) => {
          const workflowId = batchWorkflowId(subjectId(subject), Number(data['run'] ?? 0));
          try {
            const handle = client.workflow.getHandle(workflowId);
            await callTemporal(client, () => handle.signal(batchChangedSignal));
          } catch (error) {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
          }
        }),
      );
    },
  };
}
