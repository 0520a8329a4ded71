import { createLogger } from '../../platform/log.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { closeRun } from './run.ts';

/** Temporal's runtime is the process's: it is made before any test connects, the way the workers make it. */
export function mochaGlobalSetup(): void {
  installRuntime(createLogger('test', 'silent'));
}

/** Ends what the run has started, also when tests failed. */
export async function mochaGlobalTeardown(): Promise<void> {
  await closeRun();
}
