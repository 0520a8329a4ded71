import { flushCompileCache } from 'node:module';
import { closeRun } from './run.ts';

/** What has been compiled by now, which is all of ours, is for the processes of the tests. */
export function mochaGlobalSetup(): void {
  flushCompileCache();
}

/** Ends what the run has started, also when tests failed. */
export async function mochaGlobalTeardown(): Promise<void> {
  await closeRun();
  // Nothing may be open now. A test that failed half-way may have left something: the run then fails, and does not hang.
  setTimeout(() => {
    process.stderr.write(`The tests left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.once('exit', () => (process.exitCode = 1));
    process.exit(1);
  }, 20_000).unref();
}
