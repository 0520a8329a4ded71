import { closeRun } from './run.ts';

/** Ends what the run has started, also when tests failed. */
export async function mochaGlobalTeardown(): Promise<void> {
  await closeRun();
}
