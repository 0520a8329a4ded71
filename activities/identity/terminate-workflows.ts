import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

const lookAgainMilliseconds = 500;

/** Terminates every workflow of a tenant until none is left running. Gives how many it were. */
export async function terminateWorkflowsOf(
  client: Client,
  tenantId: string,
  signal: AbortSignal,
): Promise<number> {
  const query = `TenantId = '${tenantId}' AND ExecutionStatus = 'Running'`;
  const ended = new Set<string>();
  for (;;) {
    let running = 0;
    // As they are listed: a tenant may have many thousands.
    for await (const { workflowId } of client.workflow.list({ query })) {
      signal.throwIfAborted();
      running += 1;
      try {
        await client.workflow.getHandle(workflowId).terminate('its tenant was deleted');
      } catch (error) {
        // It has ended by itself; the list is a little behind.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      ended.add(workflowId);
    }
    if (running === 0) return ended.size;
    await delay(lookAgainMilliseconds, undefined, { signal });
  }
}
