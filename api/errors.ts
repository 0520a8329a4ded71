import { STATUS_CODES } from 'node:http';
import type { ErrorCode, ErrorKind } from '../domain/errors.ts';
import { Failure, type Issue } from '../domain/failure.ts';
import { isBusy, isOutage } from '../platform/outage.ts';

const statuses: Record<ErrorKind, number> = {
  validation: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  upgrade_required: 426,
  rate_limited: 429,
  unavailable: 503,
};

/** The HTTP status of a kind of failure. No other file knows one from the other. */
export function statusOf(kind: ErrorKind): number {
  return statuses[kind];
}

/** An answer as RFC 9457 tells an error, with our code, the trace and every issue of the input. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode | 'internal';
  detail: string;
  trace_id: string;
  issues?: Issue[];
  [fact: string]: unknown;
}

export interface ProblemAnswer {
  status: number;
  problem: Problem;
  headers: Record<string, string>;
}

/** Turns whatever was thrown into the answer a caller may see. What is not ours to tell becomes a bare 500. */
export function toProblem(error: unknown, traceId: string): ProblemAnswer {
  if (error instanceof Failure) {
    const { issues, retryAfter, ...facts } = error.details;
    const status = statusOf(error.kind);
    return {
      status,
      problem: {
        ...facts,
        type: `urn:perdure:error:${error.code}`,
        title: STATUS_CODES[status] ?? 'Error',
        status,
        code: error.code,
        detail: error.message,
        trace_id: traceId,
        ...(issues ? { issues } : {}),
      },
      headers: retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter)) },
    };
  }
  if (isOutage(error) || isBusy(error)) {
    return toProblem(
      new Failure('service.unavailable', 'A part of the service is not reachable. Try again.', {
        retryAfter: 2,
      }),
      traceId,
    );
  }
  return {
    status: 500,
    problem: {
      type: 'urn:perdure:error:internal',
      title: 'Internal Server Error',
      status: 500,
      code: 'internal',
      detail: 'Something went wrong on our side. Tell us the trace_id.',
      trace_id: traceId,
    },
    headers: {},
  };
}
