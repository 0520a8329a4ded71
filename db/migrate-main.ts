import { ConfigError, domainsFromArguments, loadConfig } from '../platform/config.ts';
import { migrate } from './migrate.ts';

/** Brings the schemas up to date, of all domains or those of `--domains`; prints the migrations applied, one a line. */
try {
  const config = loadConfig(process.env);
  const applied = await migrate(
    (domain) => config.domainUrls[domain] ?? config.DATABASE_URL,
    domainsFromArguments(process.argv),
  );
  for (const name of applied) process.stdout.write(`${name}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
