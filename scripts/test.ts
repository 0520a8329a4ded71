import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { compileCache } from '../test/support/compile-cache.ts';

/**
 * `npm test [-- OPTION… FILE…]`. With arguments: Mocha with these. Without: all tests, by some runs of Mocha beside each other,
 * each with a part of the files and with servers of its own, as most tests wait more than they work. Mocha's own parallel mode
 * ends its processes without letting them close what their tests share.
 */
const runsAtOnce = 3;
const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = 'node_modules/mocha/bin/mocha.js';
const given = process.argv.slice(2);
const env = { ...process.env, ...compileCache };
const folder = mkdtempSync(join(tmpdir(), 'perdure-test-counts-'));
try {
  process.exitCode = given.length > 0 ? await runAlone(given) : await runInParts();
} finally {
  rmSync(folder, { recursive: true });
}

async function runAlone(args: readonly string[]): Promise<number> {
  return await exitOf(spawn(process.execPath, [mocha, ...args], { cwd: root, stdio: 'inherit', env }));
}

/** The first run reports as it goes, the others when all have ended. */
async function runInParts(): Promise<number> {
  const { spec } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8')) as { spec: string[] };
  const parts = share(globSync(spec, { cwd: root }));
  const counts = parts.map((_, part) => join(folder, String(part)));
  const runs = parts.map((files, part) => {
    const output = part === 0 ? 'inherit' : 'pipe';
    // A configuration's spec would be added to the files; the rest of it is wanted.
    return spawn(process.execPath, [mocha, '--config', configWithoutSpec(), ...files], {
      cwd: root,
      stdio: ['ignore', output, output],
      env: { ...env, MOCHA_COUNTS: counts[part] },
    });
  });
  const said = Promise.all(
    runs.flatMap(({ stdout, stderr }) =>
      [stdout, stderr].map((stream) => (stream ? text(stream) : Promise.resolve(''))),
    ),
  );
  const codes = await Promise.all(runs.map(exitOf));
  for (const part of await said) process.stdout.write(part);
  writeSum(counts);
  return codes.find((code) => code !== 0) ?? 0;
}

/**
 * So that all runs end together: one after the other, those that take longest first, files go to whoever has least to do.
 * The durations are what the reports of runs have shown, in seconds; of the files that are not named, what they take on average.
 */
function share(files: readonly string[]): string[][] {
  const durations = JSON.parse(readFileSync(join(root, 'test/durations.json'), 'utf8')) as Record<
    string,
    number
  >;
  const secondsOf = (file: string): number => durations[file] ?? 3;
  const parts = Array.from({ length: runsAtOnce }, () => ({ files: [] as string[], seconds: 0 }));
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a) || a.localeCompare(b))) {
    const least = parts.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    least.files.push(file);
    least.seconds += secondsOf(file);
  }
  return parts.map((part) => part.files.toSorted());
}

function configWithoutSpec(): string {
  const { spec: _, ...rest } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8'));
  const path = join(folder, 'mocharc.json');
  writeFileSync(path, JSON.stringify(rest));
  return path;
}

/** The counts of all and what failed, where CI asks for them. A run that broke down has left none: then there is no sum either. */
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
