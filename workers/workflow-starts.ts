import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  type Client,
} from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { DomainEvent } from '../domain/events/event.ts';
import type { WorkflowStart, WorkflowStarts } from '../workflows/start.ts';
import { TargetDown, type OutboxConsumer } from './relay.ts';

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
      const client = await reach(temporal);
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

async function reach(temporal: () => Promise<Client>): Promise<Client> {
  try {
    return await temporal();
  } catch (error) {
    throw new TargetDown('Temporal is not reachable.', error);
  }
}

async function startOnce(client: Client, start: WorkflowStart): Promise<void> {
  try {
    await client.workflow.start(start.workflowType, {
      workflowId: start.workflowId,
      taskQueue: start.taskQueue,
      args: start.args,
      staticSummary: start.summary,
      typedSearchAttributes: new TypedSearchAttributes(start.searchAttributes),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      ...(start.priority ? { priority: start.priority } : {}),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    if (isOutage(error)) throw new TargetDown('Temporal is not reachable.', error);
    throw error;
  }
}

/** gRPC codes that speak of the service and not of the request: 1 cancelled, 4 deadline, 8 exhausted, 14 unavailable. */
function isOutage(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [1, 4, 8, 14].includes(cause.code);
}
