import { ApplicationFailure, type ActivityFailure } from '@temporalio/common';

/** The code of what an activity has failed of in the end; `internal` where it ran out of time, say. */
export function failureCode({ cause }: ActivityFailure): string {
  return (cause instanceof ApplicationFailure && cause.type) || 'internal';
}
