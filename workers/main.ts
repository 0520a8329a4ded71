import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { endAtOnce, endInOrder } from '../platform/process-end.ts';
import { standBack } from '../platform/stand-back.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { startWorkers, type RunningWorkers } from './run.ts';

const workers = await start();
endInOrder(workers.stop, 24);
// When one worker fails, the others finish what they have in hand; then the process ends, to be started anew.
const failure: unknown = await workers.finished.then(
  () => null,
  (error: unknown) => error,
);
await workers.stop();
if (failure !== null) endAtOnce(failure);

async function start(): Promise<RunningWorkers> {
  try {
    const config = loadConfig(process.env);
    // First of all: threads that are started later take it over.
    await standBack(config.WORKER_NICENESS);
    return await startWorkers(config, loadTemporalConfig(), domainsFromArguments(process.argv));
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`,
    );
    // What has been opened by then would keep the process alive.
    process.exit(1);
  }
}
