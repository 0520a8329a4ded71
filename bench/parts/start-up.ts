import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../platform/ports.ts';
import { root } from '../stage/stage.ts';
import { figure, type Part } from './part.ts';

/** `npm start` in a fresh clone of what is committed: with the installation, and once more with everything there. */
export const startUp: Part = {
  name: 'start-up',
  about: 'npm start to the first answered request: cold (fresh clone, packages installed) and warm',
  async run(_stage, { log }) {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-bench-start-'));
    try {
      await command('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, folder]);
      const cold = await timeStart(folder);
      log(`cold: ${figure(cold)} s`);
      const warm = [await timeStart(folder), await timeStart(folder)];
      log(`warm: ${warm.map(figure).join(' s, ')} s`);
      const worst = Math.max(...warm);
      return [
        {
          what: 'warm npm start to the first answered request',
          against: '–',
          target: '≤ 10 s',
          measured: `${figure(worst)} s`,
          met: worst <= 10,
          figures: {
            'cold s (a fresh clone, with the installation of all packages)': cold,
            'warm s, first': warm[0] ?? Number.NaN,
            'warm s, second': warm[1] ?? Number.NaN,
          },
        },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Seconds until a search is answered. Ends the system again. */
async function timeStart(folder: string): Promise<number> {
  const [api = 0, postgres = 0, temporal = 0, ui = 0] = await freePorts(4);
  const started = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      PORT: String(api),
      PERDURE_POSTGRES_PORT: String(postgres),
      TEMPORAL_PORT: String(temporal),
      TEMPORAL_UI_PORT: String(ui),
    },
  });
  const printed: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`npm start ended:\n${printed.join('').slice(-2_000)}`);
      if (await answers(folder, api)) return (performance.now() - started) / 1_000;
      if (performance.now() - started > 300_000) throw new Error('npm start took more than five minutes.');
      await pause(25);
    }
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await ended;
  }
}

/** Whether a search of the development account is answered. */
async function answers(folder: string, port: number): Promise<boolean> {
  const secrets = await readFile(join(folder, '.data/secrets.json'), 'utf8').catch(() => null);
  if (secrets === null) return false;
  const key = (JSON.parse(secrets) as { developmentApiKey?: string }).developmentApiKey;
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/search/phone`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ phone: '+14155552671' }),
      signal: AbortSignal.timeout(5_000),
    });
    return response.status === 200;
  } catch {
    // Nobody listens yet: that is what is waited for.
    return false;
  }
}

async function command(name: string, args: string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    spawn(name, args, { stdio: 'inherit' }).once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${name} ${args[0]} failed.`);
}
