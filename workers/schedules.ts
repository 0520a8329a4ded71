import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Domain } from '../domain/domains.ts';

/** One piece of cron work. */
export interface CronWork {
  /** Unique name; the schedule's ID is `cron:<name>`. */
  name: string;
  domain: Domain;
  /** Five fields, UTC. */
  cron: string;
  /** So that many schedules of one minute do not all start in its first second. */
  jitter: `${number} ${'seconds' | 'minutes'}`;
  workflowType: string;
  args: unknown[];
  summary: string;
}

const prefix = 'cron:';

/**
 * Brings the Temporal Schedules in line with the list: makes what is missing, changes what differs, and removes what is
 * no longer listed for these domains. A schedule that an operator has paused stays paused.
 */
export async function reconcileSchedules(
  client: Client,
  work: readonly CronWork[],
  domains: readonly Domain[],
): Promise<void> {
  const wanted = work.filter((one) => domains.includes(one.domain));
  for (const one of wanted) await createOrUpdate(client, one);
  const keep = new Set(wanted.map((one) => prefix + one.name));
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(prefix) && !keep.has(scheduleId)) {
      await removeIfOf(client, scheduleId, domains);
    }
  }
}

/**
 * Removes a schedule whose workflow runs in one of these domains. The queue tells the domain, not a memo: a memo is
 * encrypted like all payloads and can't be changed, so it would need the key of its day for ever.
 */
async function removeIfOf(client: Client, scheduleId: string, domains: readonly Domain[]): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { action } = await handle.describe();
    if (domains.some((domain) => domain === action.taskQueue)) await handle.delete();
  } catch (error) {
    // Another worker has removed it a moment ago, or the list was older than the deletion.
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

async function createOrUpdate(client: Client, work: CronWork): Promise<void> {
  const { scheduleId, ...options } = optionsOf(work);
  const handle = client.schedule.getHandle(scheduleId);
  try {
    await handle.update(({ state }) => ({ ...options, state }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    try {
      await client.schedule.create({ scheduleId, ...options });
    } catch (raced) {
      // Another worker made it a moment ago, from the same list.
      if (!(raced instanceof ScheduleAlreadyRunning)) throw raced;
    }
  }
}

function optionsOf(work: CronWork): ScheduleOptions {
  return {
    scheduleId: prefix + work.name,
    spec: { cronExpressions: [work.cron], jitter: work.jitter },
    action: {
      type: 'startWorkflow',
      workflowType: work.workflowType,
      workflowId: prefix + work.name,
      taskQueue: work.domain,
      args: work.args,
      staticSummary: work.summary,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
  };
}
