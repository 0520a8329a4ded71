import { activityInfo } from '@temporalio/activity';
import { WorkflowClient } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { writeSync } from 'node:fs';

/**
 * Loaded before a worker: tells of every boundary that it comes to, and ends it with no warning at the one that
 * `CRASH_AT` names. A boundary is `<what> <before|after> <the how manieth time>`; after an activity is when its work is
 * committed and Temporal has not heard of it.
 */
const crashAt = process.env['CRASH_AT'];
const times = new Map<string, number>();

function pass(what: string, side: 'before' | 'after'): void {
  const time = (times.get(`${what} ${side}`) ?? 0) + 1;
  times.set(`${what} ${side}`, time);
  const point = `${what} ${side} ${time}`;
  // At once: a line that is only queued would die with the process.
  writeSync(1, `crash point: ${point}\n`);
  if (point === crashAt) process.kill(process.pid, 'SIGKILL');
}

async function between<T>(what: string, work: () => Promise<T>): Promise<T> {
  pass(what, 'before');
  const result = await work();
  pass(what, 'after');
  return result;
}

const create = Worker.create.bind(Worker);
Worker.create = async (options: WorkerOptions): Promise<Worker> =>
  await create({
    ...options,
    interceptors: {
      ...options.interceptors,
      activity: [
        () => ({
          inbound: {
            execute: async (input, next) => {
              const { activityType, workflowExecution } = activityInfo();
              // Cron work comes and goes by the clock.
              if (workflowExecution?.workflowId.startsWith('cron:')) return await next(input);
              return await between(activityType, () => next(input));
            },
          },
        }),
        ...(options.interceptors?.activity ?? []),
      ],
    },
  });

// What the relay does when it has claimed an event and has not marked it yet.
// oxlint-disable-next-line typescript/unbound-method -- both are called with the client that they are called on
const { start, getHandle } = WorkflowClient.prototype;
WorkflowClient.prototype.start = function (this: WorkflowClient, ...given: Parameters<typeof start>) {
  return between('start of the workflow', () => start.apply(this, given));
} as typeof start;
WorkflowClient.prototype.getHandle = function (this: WorkflowClient, ...given: Parameters<typeof getHandle>) {
  const handle = getHandle.apply(this, given);
  const signal = handle.signal.bind(handle);
  handle.signal = (...sent) => between('signal to the workflow', () => signal(...sent));
  return handle;
} as typeof getHandle;
