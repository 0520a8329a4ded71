import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { Failure } from '../domain/failure.ts';
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

export function scheduleIdOf(work: CronWork): string {
  return prefix + work.name;
}

/**
 * Brings the Temporal Schedules in line with the list: makes what is missing, changes what differs, and removes what is
 * no longer listed for these domains. A schedule that an operator has paused stays paused, unless that happened in the very
 * moment between the reading and the writing here: Temporal takes a schedule as a whole, and the SDK does not say which
 * state of it was read.
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
  try {
    const { queue } = await describe(client, scheduleId);
    if (domains.some((domain) => domain === queue)) await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    // Another worker has removed it a moment ago, or the list was older than the deletion.
    if (!isGone(error)) throw error;
  }
}

async function createOrUpdate(client: Client, work: CronWork): Promise<void> {
  const { scheduleId, ...options } = optionsOf(work);
  const handle = client.schedule.getHandle(scheduleId);
  try {
    await handle.update(({ state }) => ({ ...options, state }));
  } catch (error) {
    if (isGone(error)) await create(client, work, false);
    else if (isUnreadable(error)) await replace(client, work);
    else throw error;
  }
}

/** A schedule that was sealed with a key that is gone can't be changed. It is made anew, paused if it was. */
async function replace(client: Client, work: CronWork): Promise<void> {
  const { scheduleId } = optionsOf(work);
  try {
    const { paused } = await describe(client, scheduleId);
    await client.schedule.getHandle(scheduleId).delete();
    await create(client, work, paused);
  } catch (error) {
    if (!isGone(error)) throw error;
    await create(client, work, false);
  }
}

async function create(client: Client, work: CronWork, paused: boolean): Promise<void> {
  try {
    await client.schedule.create({ ...optionsOf(work), state: { paused } });
  } catch (error) {
    // Another worker made it a moment ago, from the same list.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** What stands in a schedule unencrypted. */
async function describe(client: Client, scheduleId: string): Promise<{ queue: string; paused: boolean }> {
  const { namespace } = client.options;
  const { schedule } = await client.workflowService.describeSchedule({ namespace, scheduleId });
  return {
    queue: schedule?.action?.startWorkflow?.taskQueue?.name ?? '',
    paused: schedule?.state?.paused ?? false,
  };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Failure && error.code.startsWith('codec.');
}

/** gRPC code 5 is "not found". */
function isGone(error: unknown): boolean {
  return error instanceof ScheduleNotFoundError || (isGrpcServiceError(error) && error.code === 5);
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
