// The first step of every command: `node scripts/bootstrap.mjs <script> [arguments]`.
// It installs the packages when they are missing or don't match package-lock.json, and then runs the script on the
// Node that comes with them (24), passing signals and the exit code through. It runs before anything is installed and on
// any Node from 16 on, so it is plain JavaScript without dependencies.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ownNode = join(root, 'node_modules', '.bin', 'node');
const wantedMajor = 24;

const [script, ...scriptArguments] = process.argv.slice(2);
if (!script) fail('Usage: node scripts/bootstrap.mjs <script> [arguments]');
if (process.platform === 'win32') fail('Perdure runs on Linux and macOS. On Windows, use WSL.');

if (!isInstalled()) await install();
await run(ownNode, [script, ...scriptArguments]);

/** Whether every package in the lock file is there in its version, by the list npm keeps of what it installed. */
function isInstalled() {
  if (!existsSync(ownNode)) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const found = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    const installed = found[path];
    // Packages for other platforms are optional, and rightly missing.
    return installed ? installed.version === version : Boolean(optional || devOptional);
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Installs, one process at a time; whoever waits finds the work done. */
async function install() {
  const release = await takeLock(join(root, '.data', 'install.lock'));
  try {
    if (isInstalled()) return;
    // `npm ci` begins by deleting node_modules, under the feet of whatever runs from it: only when there is none.
    const fresh = !existsSync(join(root, 'node_modules', '.package-lock.json'));
    const flags = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    await withProgress(
      fresh ? 'Installing packages (the first time only)' : 'Bringing packages up to date',
      fresh ? ['ci', ...flags] : ['install', '--no-save', ...flags],
    );
    const version = execFileSync(ownNode, ['--version'], { encoding: 'utf8' }).trim();
    if (!version.startsWith(`v${wantedMajor}.`)) {
      fail(`The package "node" should bring Node ${wantedMajor}, but ${ownNode} is ${version}.`);
    }
  } finally {
    release();
  }
}

/** Runs npm quietly, with a line that shows how long it has been at it; its output is shown when it fails. */
async function withProgress(what, npmArguments) {
  const startedAt = Date.now();
  const terminal = process.stderr.isTTY;
  const tick = () => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    process.stderr.write(terminal ? `\r  ${what} … ${seconds} s ` : `  ${what} … ${seconds} s\n`);
  };
  tick();
  const timer = setInterval(tick, terminal ? 1000 : 10_000);
  const [command, ...before] = npmCommand();
  const npm = spawn(command, [...before, ...npmArguments], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  npm.stdout.on('data', (chunk) => output.push(chunk));
  npm.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve, reject) => {
    npm.once('error', reject);
    npm.once('close', resolve);
  });
  clearInterval(timer);
  if (terminal) process.stderr.write('\n');
  if (code !== 0) {
    process.stderr.write(Buffer.concat(output));
    fail(`npm ${npmArguments[0]} failed with code ${code}; its output is above.`);
  }
}

/** The npm that runs us, so that a machine with several uses the one its user chose. */
function npmCommand() {
  const running = process.env.npm_execpath;
  return running && /npm-cli\.c?js$/.test(running) ? [process.execPath, running] : ['npm'];
}

/** Waits for a lock file; tells once for whom. */
async function takeLock(path) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  let told = false;
  for (;;) {
    const { release, holder } = tryLock(path);
    if (release) return release;
    if (holder && !told)
      process.stderr.write(`  Waiting for process ${holder}, which installs the packages\n`);
    told = told || Boolean(holder);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * Takes a lock file, or tells who holds it. The file names its holder by process number and start time; one that was
 * left by a killed process is removed, by one process at a time: whoever removes it holds a lock on doing so.
 */
function tryLock(path) {
  const content = `${process.pid} ${startOf(process.pid)}`;
  const prepared = `${path}.${process.pid}`;
  writeFileSync(prepared, content);
  try {
    if (tryLink(prepared, path)) return { release: () => rmSync(path, { force: true }) };
  } finally {
    unlinkSync(prepared);
  }
  const found = readLock(path);
  if (found === null) return {};
  const [pid, started] = found.split(' ');
  if (startOf(Number(pid)) === started) return { holder: pid };
  const guard = tryLock(`${path}.takeover`);
  if (guard.release) {
    if (readLock(path) === found) rmSync(path, { force: true });
    guard.release();
  }
  return {};
}

function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** When a process started, in the system's own form; 'gone' when there is none with this number. */
function startOf(pid) {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    const date = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return date.trim().replace(/\s+/g, '_') || 'gone';
  } catch {
    // No such process, which is the answer.
    return 'gone';
  }
}

/**
 * Runs the script in a process group of its own, so that Ctrl-C reaches it once, from us. It is tied to us by a tether
 * (platform/local/tether.sh): killing this process, or npm above it, ends the script in order too.
 */
async function run(command, args) {
  const tether = join(root, 'platform', 'local', 'tether.sh');
  const child = spawn('/bin/sh', [tether, 'TERM:60 KILL:1', command, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_execpath) {
    const npm = process.ppid;
    setInterval(() => {
      if (process.ppid !== npm) child.kill('SIGTERM');
    }, 1000).unref();
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...outcome) => {
      child.stdin.end('released\n');
      resolve(outcome);
    });
  });
  process.exitCode = code ?? 128 + constants.signals[signal];
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
