import type { WorkflowClientInterceptor } from '@temporalio/client';
import { traceparentHere } from '../platform/telemetry/span.ts';
import { withTraceparent } from '../workflows/trace/messages.ts';

/** Gives workflows that are started the trace of what starts them. */
export const traceHeaders: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    next({ ...input, headers: withTraceparent(input.headers, traceparentHere()) }),
};
