import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';

const everyMilliseconds = 1_000;

/**
 * Runs work under a steady heartbeat, so that the loss of this process is noticed within the activity's heartbeat
 * timeout, and a cancellation reaches the work by its signal. A local activity has no heartbeat: it is missed with the task of
 * its workflow.
 */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = cancellationSignal();
  const timer = activityInfo().isLocal ? undefined : setInterval(() => heartbeat(), everyMilliseconds);
  try {
    return await work(signal);
  } catch (error) {
    // Whatever work says when it is broken off: it was told to.
    if (signal.aborted)
      throw signal.reason instanceof CancelledFailure ? signal.reason : new CancelledFailure('broken off');
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * The same activities, each under a steady heartbeat: for short ones whose worker must not be missed for long. Local ones have
 * none: they are missed with the task of their workflow.
 */
export function withHeartbeats<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(
    ([name, run]: [string, (input: never) => Promise<unknown>]) => [
      name,
      (input: never) => (activityInfo().isLocal ? run(input) : withHeartbeat(() => run(input))),
    ],
  );
  return Object.fromEntries(wrapped) as T;
}
