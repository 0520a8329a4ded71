import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';

/** Most spans of statements and calls under one span: a chunk of a batch has thousands, and a trace must stay readable. */
const most = 32;

export type DetailKind = 'sql' | 'http';

export interface Detail {
  /** @param attributes what came of it; with `error.type` it has failed */
  end(attributes?: Attributes): void;
}

/**
 * The statements and calls that are made under one span. The first ones are spans of their own; all of them are counted
 * on the span, with the time they took together. What comes after its end (a stream that is read on, a timer that it
 * has left behind) belongs to nobody.
 */
export class Details {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #totals: Record<DetailKind, { count: number; seconds: number }> = {
    sql: { count: 0, seconds: 0 },
    http: { count: 0, seconds: 0 },
  };
  #left = most;
  #open = true;

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer;
    this.#span = span;
  }

  /** @param describe names it; only asked when it becomes a span */
  start(kind: DetailKind, describe: () => { name: string; attributes: Attributes }): Detail | null {
    if (!this.#open) return null;
    const started = performance.now();
    const span = this.#left > 0 ? this.#startSpan(describe()) : null;
    this.#left -= 1;
    return {
      end: (attributes = {}) => {
        const total = this.#totals[kind];
        total.count += 1;
        total.seconds += (performance.now() - started) / 1_000;
        if ('error.type' in attributes) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.setAttributes(attributes).end();
      },
    };
  }

  close(): void {
    this.#open = false;
    for (const [kind, { count, seconds }] of Object.entries(this.#totals)) {
      if (count === 0) continue;
      this.#span.setAttributes({ [`perdure.${kind}.count`]: count, [`perdure.${kind}.seconds`]: seconds });
    }
  }

  #startSpan({ name, attributes }: { name: string; attributes: Attributes }): Span {
    const under = trace.setSpan(context.active(), this.#span);
    return this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, under);
  }
}
