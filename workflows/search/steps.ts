import type { RetryPolicy } from '@temporalio/common';

/** Whatever stops a step passes, and until then there is nothing else to do. */
export const untilItWorks: RetryPolicy = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '10 seconds',
};

/** A step that works for a while: a lost worker is noticed by its missing heartbeat. */
export const longStep = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '8 seconds',
  retry: untilItWorks,
} as const;
