import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheCandidates, readLocalSettings } from '../platform/local/local-settings.ts';
import { startPostgres } from '../platform/local/postgres.ts';
import { buildProductionTemporal } from '../platform/local/production-temporal-programs.ts';
import { startProductionTemporal } from '../platform/local/production-temporal.ts';

/**
 * `npm run temporal:production [-- history shards]`: builds Temporal's production server with Go, runs it on a PostgreSQL of
 * its own until Ctrl-C, and says how the system is started on it. What it keeps goes with it.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const shards = Number(process.argv[2] ?? 512);
const settings = readLocalSettings(process.env);
process.stdout.write('Building Temporal’s server with Go, unless it is there already …\n');
const programs = await buildProductionTemporal(cacheCandidates(settings, join(root, '.data')));
const folder = await mkdtemp(join(tmpdir(), 'perdure-temporal-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
try {
  const temporal = await startProductionTemporal({
    programs,
    adminUrl: postgres.adminUrl,
    databasePrefix: '',
    historyShards: shards,
    folder,
    onLog: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`It answers with ${shards} history shards. In another terminal:\n\n`);
  process.stdout.write(`  TEMPORAL_ADDRESS=${temporal.address} npm start\n\n`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await temporal.stop();
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
