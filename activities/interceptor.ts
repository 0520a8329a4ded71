import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import { Failure } from '../domain/failure.ts';
import type { ErrorKind } from '../domain/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';

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

/** Times, logs and translates every attempt of every activity. */
export function activityInterceptor(log: Logger, metrics: Metrics): ActivityInterceptorsFactory {
  return () => {
    const inbound: ActivityInboundCallsInterceptor = {
      async execute(input, next) {
        const info = activityInfo();
        const stop = metrics.activitySeconds.startTimer({ activity: info.activityType });
        const facts = {
          activity: info.activityType,
          workflow_id: info.workflowExecution?.workflowId,
          attempt: info.attempt,
        };
        try {
          const result: unknown = await next(input);
          stop({ outcome: 'completed' });
          return result;
        } catch (error) {
          const cancelled = error instanceof CancelledFailure;
          stop({ outcome: cancelled ? 'cancelled' : 'failed' });
          if (!cancelled) log.warn({ ...facts, err: error }, 'activity attempt failed');
          throw toApplicationFailure(error);
        }
      },
    };
    return { inbound };
  };
}
