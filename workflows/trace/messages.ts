import type { Headers } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';

/**
 * The header that carries the trace (W3C `traceparent`) into workflows and activities. Temporal stores headers in the
 * clear: nothing but identifiers of spans may be in one.
 */
const traceparentHeader = 'traceparent';

/** The trace of what has called, or null. */
export function traceparentIn(headers: Headers): string | null {
  const payload = headers[traceparentHeader];
  const value: unknown = payload ? defaultPayloadConverter.fromPayload(payload) : null;
  return typeof value === 'string' ? value : null;
}

export function withTraceparent(headers: Headers, traceparent: string | null): Headers {
  if (traceparent === null) return headers;
  return { ...headers, [traceparentHeader]: defaultPayloadConverter.toPayload(traceparent) };
}

/**
 * The ID of the span of a workflow's run: the end of the run's ID. So whatever the run has done can name its span while
 * it is still going on, in every process and after every replay.
 */
export function spanIdOfRun(runId: string): string {
  return runId.replaceAll('-', '').slice(-16);
}

/** The trace for what a run calls. */
export function traceparentOfRun(given: string | null, runId: string): string | null {
  const [version, traceId, , flags] = given?.split('-') ?? [];
  if (!version || !traceId || !flags) return null;
  return `${version}-${traceId}-${spanIdOfRun(runId)}-${flags}`;
}
