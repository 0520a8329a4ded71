import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { DomainEvent } from '../domain/events/event.ts';
import { Failure } from '../domain/failure.ts';
import type { WorkflowTenants } from '../platform/temporal/tenant-sealing.ts';
import { tenantIdAttribute } from '../workflows/search-attributes.ts';
import type { WorkflowStart, WorkflowStarts } from '../workflows/start.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { callTemporal, reachTemporal } from './temporal-outage.ts';

/**
 * Starts the workflow that an event calls for. The ID comes from the business and a used one is refused even after the
 * workflow has closed, so however often the event comes, the workflow runs once. What it starts with is sealed by the key
 * of the tenant that it bears as `TenantId`; for a tenant that was erased nothing is started any more.
 */
export function createWorkflowStarter(
  temporal: () => Promise<Client>,
  starts: WorkflowStarts,
  tenants: WorkflowTenants,
): OutboxConsumer {
  return {
    async handle(events: DomainEvent[]) {
      const client = await reachTemporal(temporal);
      await Promise.all(
        events.map(async (event) => {
          const startOf = starts[event.type];
          if (!startOf) throw new Error(`No workflow is declared for ${event.type}.`);
          await startOnce(client, startOf(event), tenants);
        }),
      );
    },
  };
}

async function startOnce(client: Client, start: WorkflowStart, tenants: WorkflowTenants): Promise<void> {
  const tenantId = start.searchAttributes.find(({ key }) => key.name === tenantIdAttribute.name)?.value;
  if (typeof tenantId === 'string') tenants.learn(start.workflowId, tenantId);
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
        ...(start.eager ? { requestEagerStart: true } : {}),
        ...(start.priority ? { priority: start.priority } : {}),
      }),
    );
  } catch (error) {
    const erased = error instanceof Failure && error.code === 'codec.tenant_erased';
    if (!erased && !(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
