import { activityInfo, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import { Failure } from '../domain/failure.ts';
import type { ErrorKind } from '../domain/errors.ts';
import { withLogFacts, type LogFacts } from '../platform/log-context.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { inSpan, parseTraceparent } from '../platform/telemetry/span.ts';
import { traceparentIn } from '../workflows/trace/messages.ts';

/** Kinds of failures that time can heal. All others are final: trying again would only fail again. */
const passing: ReadonlySet<ErrorKind> = new Set(['unavailable', 'rate_limited']);

/**
 * Turns coded failures into Temporal's, with the code as their type, so that workflows can tell them apart and retry
 * policies need no lists. Anything uncoded keeps its class and loses its message, which could quote data.
 */
export function toApplicationFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof Failure) {
    const { retryAfter, ...details } = error.details;
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: !passing.has(error.kind),
      details: [details],
      ...(retryAfter === undefined ? {} : { nextRetryDelay: retryAfter * 1_000 }),
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  return ApplicationFailure.create({
    type: 'internal',
    message: `${name}; see the worker's log`,
    nonRetryable: false,
  });
}

/** Traces, times, logs and translates every attempt of every activity. */
export function activityInterceptor(log: Logger, metrics: Metrics): ActivityInterceptorsFactory {
  return () => {
    const inbound: ActivityInboundCallsInterceptor = {
      async execute(input, next) {
        const info = activityInfo();
        const stop = metrics.activitySeconds.startTimer({ activity: info.activityType });
        const traceparent = traceparentIn(input.headers);
        return await withLogFacts(factsOf(info, input.args, traceparent), async () => {
          try {
            const result = await traced(info, input.args, traceparent, () => next(input));
            stop({ outcome: 'completed' });
            return result;
          } catch (error) {
            const cancelled = error instanceof CancelledFailure;
            stop({ outcome: cancelled ? 'cancelled' : 'failed' });
            if (!cancelled) log.warn({ err: error }, 'activity attempt failed');
            throw toApplicationFailure(error);
          }
        });
      },
    };
    return { inbound };
  };
}

/** Under the span of the run that has scheduled it; what cron work does is a trace of its own. */
async function traced(
  info: Info,
  args: readonly unknown[],
  parent: string | null,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const attributes = {
    'temporal.activity.id': info.activityId,
    'temporal.activity.attempt': info.attempt,
    'temporal.workflow.id': info.workflowExecution?.workflowId ?? '',
    'temporal.workflow.run_id': info.workflowExecution?.runId ?? '',
    'perdure.tenant_id': tenantOf(args) ?? '',
  };
  return await inSpan(`activity ${info.activityType}`, { kind: 'CONSUMER', parent, attributes }, work);
}

function factsOf(info: Info, args: readonly unknown[], traceparent: string | null): LogFacts {
  return {
    trace_id: parseTraceparent(traceparent)?.traceId,
    tenant_id: tenantOf(args),
    workflow_id: info.workflowExecution?.workflowId,
    run_id: info.workflowExecution?.runId,
    activity: info.activityType,
    attempt: info.attempt,
  };
}

/** The tenant that an activity works for, as its input names it. */
function tenantOf([input]: readonly unknown[]): string | undefined {
  const { tenantId } = (input ?? {}) as { tenantId?: unknown };
  return typeof tenantId === 'string' ? tenantId : undefined;
}
