import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { cacheFolder, isProgram } from '../../platform/local/cache.ts';

const run = promisify(execFile);

/** A run of the fuzzer as one kind of caller. */
export interface FuzzRun {
  url: string;
  /** Cases of random data for each operation; the edges of the constraints come on top. */
  examples: number;
  seed: number;
  phases: readonly string[];
  /** Further arguments: who calls, and what is left out. */
  args: readonly string[];
  env: Record<string, string>;
}

/**
 * Installs Schemathesis from PyPI, with every package of it in the version that requirements.txt pins, into a Python
 * environment of its own, once. Gives the program.
 *
 * @throws when there is no python3 with venv, or the packages can't be had.
 */
export async function installSchemathesis(cacheCandidates: string[]): Promise<string> {
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const version = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(await cacheFolder(cacheCandidates), `schemathesis-${version}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (await isProgram(program)) return program;
  process.stderr.write('  … installing Schemathesis from PyPI (once)\n');
  await python('python3', ['-m', 'venv', '--clear', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
  await python(join(folder, 'bin', 'python'), [...pip, '--requirement', requirements]);
  return program;
}

/** Runs it. Its findings go to standard output. Gives whether there were none. */
export async function fuzz(program: string, { url, examples, seed, phases, args, env }: FuzzRun) {
  const child = spawn(
    program,
    [
      '--config-file',
      join(import.meta.dirname, 'schemathesis.toml'),
      'run',
      `${url}/openapi.json`,
      '--url',
      url,
      '--phases',
      phases.join(','),
      '--max-examples',
      String(examples),
      '--seed',
      String(seed),
      // Nothing is remembered from one run to the next, so that a seed means the same everywhere.
      '--generation-database',
      'none',
      ...args,
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'hooks.py'),
        PYTHONDONTWRITEBYTECODE: '1',
        ...env,
      },
    },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

async function python(program: string, args: string[]): Promise<void> {
  try {
    await run(program, args, { timeout: 600_000, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === 'ENOENT') {
      throw new Error('The fuzzer is a Python program: it needs python3 (3.10 or later) on the PATH.', {
        cause: error,
      });
    }
    throw new Error(`The fuzzer can’t be installed: ${stderr?.trim().split('\n').at(-1) || message}`, {
      cause: error,
    });
  }
}
