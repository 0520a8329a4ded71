import { TemporalFailure } from '@temporalio/common';
import {
  ContinueAsNew,
  isCancellation,
  proxySinks,
  workflowInfo,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { traceparentIn, traceparentOfRun, withTraceparent } from './messages.ts';
import type { WorkflowOutcome, WorkflowSinks } from './sinks.ts';

const { perdure } = proxySinks<WorkflowSinks>();

/**
 * Part of every workflow: passes the trace on to what it calls, and tells the worker of its start and its end. Adds no
 * command, so histories from before and after replay alike.
 */
export function interceptors(): WorkflowInterceptors {
  let given: string | null = null;
  let tenantId: unknown;
  const own = () => traceparentOfRun(given, workflowInfo().runId);
  return {
    inbound: [
      {
        async execute(input, next) {
          given = traceparentIn(input.headers);
          tenantId = (input.args[0] as { tenantId?: unknown } | undefined)?.tenantId;
          perdure.started();
          try {
            const result = await next(input);
            perdure.ended('completed', given);
            return result;
          } catch (error) {
            const outcome = outcomeOf(error);
            if (outcome !== null) perdure.ended(outcome, given);
            throw error;
          }
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: withTraceparent(input.headers, own()) }),
        scheduleLocalActivity: (input, next) =>
          next({ ...input, headers: withTraceparent(input.headers, own()) }),
        startChildWorkflowExecution: (input, next) =>
          next({ ...input, headers: withTraceparent(input.headers, own()) }),
        // The next run stands beside this one, and not under it: a process may have many.
        continueAsNew: (input, next) => next({ ...input, headers: withTraceparent(input.headers, given) }),
        getLogAttributes: (input, next) => ({
          ...next(input),
          ...(given ? { trace_id: given.slice(3, 35) } : {}),
          ...(typeof tenantId === 'string' ? { tenant_id: tenantId } : {}),
        }),
      },
    ],
  };
}

/** Null for an error that fails a task and not the workflow: it is tried again. */
function outcomeOf(error: unknown): WorkflowOutcome | null {
  if (error instanceof ContinueAsNew) return 'continued';
  if (isCancellation(error)) return 'cancelled';
  return error instanceof TemporalFailure ? 'failed' : null;
}
