import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { endInOrder } from '../platform/process-end.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { startApi } from './run.ts';

try {
  const api = await startApi(
    loadConfig(process.env),
    loadTemporalConfig(),
    domainsFromArguments(process.argv),
  );
  endInOrder(api.stop, 18);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`);
  // What has been opened by then would keep the process alive.
  process.exit(1);
}
