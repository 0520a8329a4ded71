import type { Sinks } from '@temporalio/workflow';

export type WorkflowOutcome = 'completed' | 'failed' | 'cancelled' | 'continued';

/** What workflows tell their worker. It is told of again when a task has to be done again: figures, not facts. */
export interface WorkflowSinks extends Sinks {
  perdure: {
    started(): void;
    /** @param traceparent of what has started it */
    ended(outcome: WorkflowOutcome, traceparent: string | null): void;
  };
}
