import type { InjectedSinks } from '@temporalio/worker';
import type { Metrics } from '../platform/metrics.ts';
import { writeSpan } from '../platform/telemetry/span.ts';
import { spanIdOfRun } from '../workflows/trace/messages.ts';
import type { WorkflowSinks } from '../workflows/trace/sinks.ts';

/** Counts workflows as they start and end, and writes the span of each run when it ends. */
export function createWorkflowSinks(metrics: Metrics): InjectedSinks<WorkflowSinks> {
  return {
    perdure: {
      started: { fn: ({ workflowType }) => metrics.workflowsStarted.inc({ workflow: workflowType }) },
      ended: {
        fn: ({ workflowType, workflowId, runId, startTime }, outcome, traceparent) => {
          metrics.workflowsEnded.inc({ workflow: workflowType, outcome });
          if (traceparent === null) return;
          writeSpan(`workflow ${workflowType}`, {
            id: spanIdOfRun(runId),
            started: startTime,
            failed: outcome === 'failed',
            parent: traceparent,
            attributes: {
              'temporal.workflow.id': workflowId,
              'temporal.workflow.run_id': runId,
              'perdure.outcome': outcome,
            },
          });
        },
      },
    },
  };
}
