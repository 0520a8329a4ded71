import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';

/**
 * Which traces are kept, by the standard `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: all of them, none, or a
 * part; with `parentbased_` what comes from elsewhere (a caller's `traceparent`, an event of the outbox) is kept or not
 * as was decided there, so that no trace has holes.
 *
 * @throws Error for a name or a ratio that there is not
 */
export function samplerOf(env: NodeJS.ProcessEnv): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const [, parentBased, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (!kind) throw new Error('OTEL_TRACES_SAMPLER names no sampler.');
  const root = rootSampler(kind, env['OTEL_TRACES_SAMPLER_ARG']);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(kind: string, argument: string | undefined): Sampler {
  if (kind === 'always_on') return new AlwaysOnSampler();
  if (kind === 'always_off') return new AlwaysOffSampler();
  const ratio = Number(argument || '1');
  if (!(ratio >= 0 && ratio <= 1)) throw new Error('OTEL_TRACES_SAMPLER_ARG is no ratio from 0 to 1.');
  return new TraceIdRatioBasedSampler(ratio);
}
