import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, fillOnce, isProgram } from './cache.ts';

/** The release, as the compose file runs it but for its last digit: the tag that builds with Go 1.26. */
const version = '1.32.1';

export interface ProductionTemporalPrograms {
  server: string;
  /** Makes and upgrades the schema, which it has in itself. */
  sqlTool: string;
}

/**
 * The production server of Temporal and its schema tool, built with Go from their released modules, and kept for the next
 * time. The first time takes some ten minutes of two cores, with the lowest priority, and 3.5 GB of Go’s own caches.
 *
 * @throws when there is no Go, or it can't fetch the modules.
 */
export async function buildProductionTemporal(
  cacheCandidates: string[],
): Promise<ProductionTemporalPrograms> {
  const folder = join(await cacheFolder(cacheCandidates), `temporal-server-${version}`);
  const programs = { server: join(folder, 'server'), sqlTool: join(folder, 'sql') };
  if (!(await isProgram(programs.server))) {
    await fillOnce(folder, async (workshop) => {
      for (const command of ['server', 'tools/sql']) {
        const module = `go.temporal.io/server/cmd/${command}@v${version}`;
        await promisify(execFile)('nice', ['-n', '19', 'go', 'install', module], {
          env: { ...process.env, GOBIN: workshop },
          maxBuffer: 64 * 1024 * 1024,
        });
      }
    });
  }
  return programs;
}
