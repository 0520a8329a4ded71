import { makeTelemetryFilterString, Runtime, type LogMetadata } from '@temporalio/worker';
import type { Logger } from '../platform/log.ts';
import { coreListensAt } from './core-figures.ts';

let installed = false;

/**
 * The SDK has one runtime a process: its log lines go where ours go, its figures where `coreFigures` finds them, and
 * signals are ours to handle.
 *
 * @param figuresPort a free port of this machine; without one there are no figures
 */
export function installRuntime(log: Logger, figuresPort?: number): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions: {
      ...(figuresPort === undefined
        ? {}
        : {
            metrics: {
              attachServiceName: false,
              prometheus: {
                bindAddress: coreListensAt(figuresPort),
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
    logger: {
      log: (level, message, meta) => log[level.toLowerCase() as 'info'](ourFacts(meta), message),
      trace: (message, meta) => log.trace(ourFacts(meta), message),
      debug: (message, meta) => log.debug(ourFacts(meta), message),
      // The SDK's own are of no interest; what a workflow says is.
      info: (message, meta) =>
        log[meta?.['sdkComponent'] === 'workflow' ? 'info' : 'debug'](ourFacts(meta), message),
      warn: (message, meta) => log.warn(ourFacts(meta), message),
      error: (message, meta) => log.error(ourFacts(meta), message),
    },
  });
}

const ourNames: Record<string, string> = {
  workflowId: 'workflow_id',
  runId: 'run_id',
  workflowType: 'workflow',
  activityType: 'activity',
  taskQueue: 'queue',
};

/** The SDK's facts under the names that all our lines use. */
function ourFacts(meta: LogMetadata | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(meta ?? {}).map(([name, value]) => [ourNames[name] ?? name, value]),
  );
}
