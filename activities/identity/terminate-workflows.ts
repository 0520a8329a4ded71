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
    const running = await Array.fromAsync(client.workflow.list({ query }));
    if (running.length === 0) return ended.size;
    for (const { workflowId } of running) {
      signal.throwIfAborted();
      try {
        await client.workflow.getHandle(workflowId).terminate('its tenant was deleted');
      } catch (error) {
        // It has ended by itself; the list is a little behind.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      ended.add(workflowId);
    }
    await delay(lookAgainMilliseconds, undefined, { signal });
  }
}
