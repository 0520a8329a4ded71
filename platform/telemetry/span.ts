import {
  context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { Details } from './details.ts';
import { tracing, type Tracing } from './tracing.ts';

export interface SpanOptions {
  kind?: keyof typeof SpanKind;
  attributes?: Attributes;
  /** What it hangs under, as W3C `traceparent`; what is under way here without it, and null for a trace of its own. */
  parent?: string | null | undefined;
  /** Other traces that it has to do with, as W3C `traceparent`. */
  links?: readonly string[];
}

const detailsKey = createContextKey('perdure details');

/** The details of the span that is under way, or null where there is none to be kept. */
export function detailsHere(): Details | null {
  return (context.active().getValue(detailsKey) as Details | undefined) ?? null;
}

/** Does work under a span of its own. An error marks it, by its class and code alone, as a message could quote data. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  const on = tracing();
  if (!on) return await work(null);
  const span = startSpan(on, name, options);
  const details = span.isRecording() ? new Details(on.tracer, span) : undefined;
  const around = trace.setSpan(context.active(), span).setValue(detailsKey, details);
  try {
    return await context.with(around, () => work(span));
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    details?.close();
    span.end();
  }
}

/** Starts work that belongs to no span, such as a loop that serves all of the requests in one of which it happens to begin. */
export function outsideSpans<T>(work: () => T): T {
  return context.with(ROOT_CONTEXT, work);
}

/** Writes a span of what has been, whose ID others have known already. */
export function writeSpan(
  name: string,
  options: SpanOptions & { id: string; started: Date; failed: boolean },
): void {
  const on = tracing();
  if (!on) return;
  const span = on.ids.give(options.id, () => startSpan(on, name, options, options.started));
  if (options.failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** The span that is under way as W3C `traceparent`, to be stored or sent; null without one. */
export function traceparentHere(): string | null {
  const span = trace.getSpanContext(context.active());
  if (!tracing() || !span || !isSpanContextValid(span)) return null;
  return `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}`;
}

const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/;

/** Reads a W3C `traceparent`; null when it is none. */
export function parseTraceparent(text: string | null | undefined): SpanContext | null {
  const [, traceId, spanId, flags = '00'] = traceparentShape.exec(text ?? '') ?? [];
  if (!traceId || !spanId) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Marks a span as failed. */
export function markFailed(span: Span, error: unknown): void {
  const { code } = error as { code?: unknown };
  const type = typeof code === 'string' ? code : error instanceof Error ? error.name : typeof error;
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}

function startSpan(on: Tracing, name: string, options: SpanOptions, startTime?: Date): Span {
  const links = (options.links ?? []).map(parseTraceparent).filter((link) => link !== null);
  return on.tracer.startSpan(
    name,
    {
      kind: SpanKind[options.kind ?? 'INTERNAL'],
      attributes: options.attributes ?? {},
      links: links.map((link) => ({ context: link })),
      ...(startTime === undefined ? {} : { startTime }),
    },
    parentOf(options.parent),
  );
}

function parentOf(parent: string | null | undefined): Context {
  if (parent === undefined) return context.active();
  const remote = parseTraceparent(parent);
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}
