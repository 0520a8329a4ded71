import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { migrate } from './migrate.ts';

try {
  const config = loadConfig(process.env);
  const applied = await migrate(
    (domain) => config.domainUrls[domain] ?? config.DATABASE_URL,
    domainsFromArguments(process.argv),
  );
  for (const name of applied) process.stdout.write(`${name}\n`);
  process.stdout.write(
    applied.length === 0 ? 'The schemas are up to date.\n' : `${applied.length} migrations applied.\n`,
  );
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
