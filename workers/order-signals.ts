import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { DomainEvent } from '../domain/events/event.ts';
import { orderChangedSignal, returnWorkflowId } from '../workflows/orders/messages.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { callTemporal, reachTemporal } from './temporal-outage.ts';

/**
 * Tells the workflow of an order, or of a return, that somebody else has changed it; its own changes it knows. One that has not started yet
 * will read the change in the database, and one that has ended needs no word: so one that is not found is no fault.
 */
export function createOrderSignals(temporal: () => Promise<Client>): OutboxConsumer {
  return {
    async handle(events: DomainEvent[]) {
      const client = await reachTemporal(temporal);
      const changed = events.filter(({ data }) => data['actor'] !== 'system');
      await Promise.all(
        changed.map(async ({ subject, type, data }) => {
          try {
            const handle = client.workflow.getHandle(workflowIdOf(type, subject, data));
            await callTemporal(client, () => handle.signal(orderChangedSignal));
          } catch (error) {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
          }
        }),
      );
    },
  };
}

/** A return has a process of its own. */
function workflowIdOf(type: string, subject: string, data: Record<string, unknown>): string {
  return type.startsWith('return.') ? returnWorkflowId(String(data['return_id'])) : subject;
}
