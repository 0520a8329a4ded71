import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createDatabase } from '../../platform/local/postgres-databases.ts';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { root, type Stage } from './stage.ts';

const folder = join(root, 'bench/rivals');

/** Installs what the product does not need, the first time. */
export async function installRivals(log: (line: string) => void): Promise<void> {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return;
  log('Installing the rivals (the first time only)');
  await output('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {});
}

export interface RivalRun {
  rows: number;
  seconds: number;
  /** Most memory that its process held. */
  megabytes: number;
}

/** Runs a rival as a process of its own, on an empty database of the same PostgreSQL and on the same Temporal Service. */
export async function runRival(stage: Stage, script: string, rows: number): Promise<RivalRun> {
  const url = await createDatabase(stage.postgres.adminUrl, {
    name: `rival_${randomBytes(4).toString('hex')}`,
    owner: 'perdure',
  });
  const text = await output(process.execPath, [join(folder, script), url, String(rows)], {
    TEMPORAL_ADDRESS: stage.temporal.address,
  });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as RivalRun;
}

/** What a program prints. Throws when it fails. */
async function output(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  const complaints: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${args[0]} failed:\n${complaints.join('').slice(-3_000)}`);
  return printed.join('');
}
