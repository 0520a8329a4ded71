import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/**
 * `npm test [-- OPTION… FILE…]`. With arguments: Mocha with these. Without: all tests, by two runs of Mocha beside each other,
 * each with half of the files and with servers of its own, as most tests wait more than they work. Mocha's own parallel mode
 * ends its processes without letting them close what their tests share.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = 'node_modules/mocha/bin/mocha.js';
const given = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'perdure-test-counts-'));
try {
  process.exitCode = given.length > 0 ? await runAlone(given) : await runInHalves();
} finally {
  rmSync(folder, { recursive: true });
}

async function runAlone(args: readonly string[]): Promise<number> {
  return await exitOf(spawn(process.execPath, [mocha, ...args], { cwd: root, stdio: 'inherit' }));
}

/** The first half reports as it goes, the second one when both have ended. */
async function runInHalves(): Promise<number> {
  const { spec } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8')) as { spec: string[] };
  const files = globSync(spec, { cwd: root }).sort();
  const halves = [0, 1].map((half) => files.filter((_, place) => place % 2 === half));
  const counts = halves.map((_, half) => join(folder, String(half)));
  const runs = halves.map((half, place) =>
    // A configuration's spec would be added to the files; the rest of it is wanted.
    spawn(process.execPath, [mocha, '--config', configWithoutSpec(), ...half], {
      cwd: root,
      stdio: ['ignore', place === 0 ? 'inherit' : 'pipe', place === 0 ? 'inherit' : 'pipe'],
      env: { ...process.env, MOCHA_COUNTS: counts[place] },
    }),
  );
  const second = runs[1];
  const said = Promise.all(
    [second?.stdout, second?.stderr].map((stream) => (stream ? text(stream) : Promise.resolve(''))),
  );
  const codes = await Promise.all(runs.map(exitOf));
  for (const part of await said) process.stdout.write(part);
  writeSum(counts);
  return codes.find((code) => code !== 0) ?? 0;
}

function configWithoutSpec(): string {
  const { spec: _, ...rest } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8'));
  const path = join(folder, 'mocharc.json');
  writeFileSync(path, JSON.stringify(rest));
  return path;
}

/** The counts of both and what failed, where CI asks for them. A run that broke down has left none: then there is no sum either. */
function writeSum(counts: readonly string[]): void {
  const path = process.env['MOCHA_COUNTS'];
  if (!path || !counts.every((count) => existsSync(count))) return;
  const reports = counts.map((count) => readFileSync(count, 'utf8').trimEnd().split('\n'));
  const each = reports.map(([first = '']) => first.split(' ').map(Number));
  const sum = [0, 1].map((place) => each.reduce((total, one) => total + (one[place] ?? 0), 0));
  writeFileSync(path, [sum.join(' '), ...reports.flatMap(([, ...failures]) => failures), ''].join('\n'));
}

/** Its exit code, or 1 where a signal ended it. What asks this process to end is passed on, and Mocha closes what is open. */
async function exitOf(child: ReturnType<typeof spawn>): Promise<number> {
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, pass);
  return code ?? 1;
}
