import { migrate } from '../db/migrate.ts';
import { loadConfig } from '../platform/config.ts';

/** Brings every domain's schema up to date and prints the migrations that were applied, one a line. */
const config = loadConfig(process.env);
const applied = await migrate((domain) => config.domainUrls[domain] ?? config.DATABASE_URL);
for (const name of applied) console.log(name);
