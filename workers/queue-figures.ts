import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Metrics } from '../platform/metrics.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const kinds = {
  workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;

type Kind = keyof typeof kinds;

async function describe(client: Client, queue: string, kind: Kind) {
  return await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: kinds[kind],
    reportStats: true,
  });
}

/** How much waits in a queue, for how long, and who asks for it, as the service tells it. */
export async function measureQueue(client: Client, queue: string, metrics: Metrics): Promise<void> {
  for (const kind of Object.keys(kinds) as Kind[]) {
    const { stats, pollers } = await describe(client, queue, kind);
    const age = stats?.approximateBacklogAge;
    metrics.queueBacklog.set({ queue, kind }, Number(stats?.approximateBacklogCount ?? 0));
    metrics.queueAgeSeconds.set({ queue, kind }, Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9);
    metrics.queuePollers.set({ queue, kind }, pollers?.length ?? 0);
  }
}

/** Throws while nobody asks for the tasks of a queue. */
export async function requirePollers(client: Client, queue: string): Promise<void> {
  for (const kind of Object.keys(kinds) as Kind[]) {
    const { pollers } = await describe(client, queue, kind);
    if (!pollers?.length) throw new Error(`nobody polls for ${kind} tasks of ${queue}`);
  }
}
