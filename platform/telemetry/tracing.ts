import { context, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  RandomIdGenerator,
  TracerProvider,
  type IdGenerator,
} from '@opentelemetry/sdk-trace';
import { setTimeout as delay } from 'node:timers/promises';
import { samplerOf } from './sampling.ts';

/** IDs of spans: random, but for a span that others hang under before it is written. */
class SpanIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: string | null = null;

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    const given = this.#given;
    this.#given = null;
    return given ?? this.#random.generateSpanId();
  }

  /** Makes a span with an ID that is known beforehand. Starting one is synchronous, so no other can take it. */
  give<T>(id: string, start: () => T): T {
    this.#given = id;
    try {
      return start();
    } finally {
      this.#given = null;
    }
  }
}

/** How long the last spans may take to be sent when the process ends. */
const farewellMilliseconds = 3_000;

export interface Tracing {
  tracer: Tracer;
  ids: SpanIds;
}

let current: Tracing | null = null;

/** The tracing of this process, or null when it is off. */
export function tracing(): Tracing | null {
  return current;
}

/**
 * Sends the spans of this process to an OTLP endpoint (HTTP, protobuf), as the standard variables say:
 * `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (without either there is no tracing, and none of
 * its cost), `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
 * `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER=none`. Call it before databases are opened. An endpoint that is away costs
 * spans, never requests.
 *
 * @returns what sends the rest and ends it
 */
export function startTracing(service: string, env: NodeJS.ProcessEnv): () => Promise<void> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const refused = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none';
  if (!endpoint || refused || current) return () => Promise.resolve();
  const ids = new SpanIds();
  const provider = new TracerProvider({
    sampler: samplerOf(env),
    idGenerator: ids,
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service, 'service.namespace': 'perdure' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  current = { tracer: provider.getTracer('perdure'), ids };
  return async () => {
    current = null;
    // A backend that is away holds no process up.
    const sent = provider.shutdown().catch(() => undefined);
    await Promise.race([sent, delay(farewellMilliseconds, undefined, { ref: false })]);
    context.disable();
    trace.disable();
  };
}
