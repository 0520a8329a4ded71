import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { startWorkers } from './run.ts';

try {
  const workers = await startWorkers(
    loadConfig(process.env),
    loadTemporalConfig(),
    domainsFromArguments(process.argv),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void workers.stop());
  await workers.finished;
  await workers.stop();
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
