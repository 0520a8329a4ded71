import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { startApi } from './run.ts';

try {
  const api = await startApi(
    loadConfig(process.env),
    loadTemporalConfig(),
    domainsFromArguments(process.argv),
  );
  let stopping: Promise<void> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void (stopping ??= api.stop()));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
