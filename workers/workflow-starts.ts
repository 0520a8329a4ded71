import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { DomainEvent } from '../domain/events/event.ts';
import type { WorkflowStart, WorkflowStarts } from '../workflows/start.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { callTemporal, reachTemporal } from './temporal-outage.ts';

/**
 * Starts the workflow that an event calls for. The ID comes from the business and a used one is refused even after the
 * workflow has closed, so however often the event comes, the workflow runs once.
 */
export function createWorkflowStarter(
  temporal: () => Promise<Client>,
  starts: WorkflowStarts,
): OutboxConsumer {
  return {
    async handle(events: DomainEvent[]) {
      const client = await reachTemporal(temporal);
      await Promise.all(
        events.map(async (event) => {
          const startOf = starts[event.type];
          if (!startOf) throw new Error(`No workflow is declared for ${event.type}.`);
          await startOnce(client, startOf(event));
        }),
      );
    },
  };
}

async function startOnce(client: Client, start: WorkflowStart): Promise<void> {
  try {
    await callTemporal(client, () =>
      client.workflow.start(start.workflowType, {
        workflowId: start.workflowId,
        taskQueue: start.taskQueue,
        args: start.args,
        staticSummary: start.summary,
        typedSearchAttributes: new TypedSearchAttributes(start.searchAttributes),
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        ...(start.priority ? { priority: start.priority } : {}),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
