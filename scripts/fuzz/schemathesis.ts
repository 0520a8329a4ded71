import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installPythonPackages } from '../../platform/local/python-packages.ts';

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
 * Installs Schemathesis from PyPI, with every package of it, once. Gives the program.
 *
 * @throws when there is no python3 with venv, or the packages can't be had.
 */
export async function installSchemathesis(cacheCandidates: string[]): Promise<string> {
  const programs = await installPythonPackages({
    name: 'schemathesis',
    requirements: join(import.meta.dirname, 'requirements.txt'),
    cacheCandidates,
  });
  return join(programs, 'schemathesis');
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
