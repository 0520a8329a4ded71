import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { weighSession } from '../stand-back.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/** One step of ending a process: a signal, and how long to wait for it to work before the next step. */
export interface StopStep {
  signal: NodeJS.Signals;
  /** Seconds. */
  wait: number;
}

export interface TetheredOptions {
  /** What the process is called in messages. */
  name: string;
  command: string;
  args: string[];
  /** The whole environment; defaults to this process's own. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** How far it stands back on a busy machine, from its start on, 0 to 19. Default 0. */
  niceness?: number;
  /** How the process is ended, in order; SIGKILL follows by itself. Default: SIGINT for 10 s, then SIGTERM for 5 s. */
  stop?: StopStep[];
  /** Every line the process prints, to either stream. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface TetheredProcess {
  name: string;
  pid: number;
  identity: ProcessIdentity | null;
  /** Settles when the process has ended and all its output has been read. Never rejects. */
  exited: Promise<ProcessExit>;
  /** Null while it runs. */
  readonly exit: ProcessExit | null;
  /** The last lines it printed, for error messages. */
  lastLines(): string[];
  /** Ends it by its stop steps; the same promise for every call. */
  stop(): Promise<ProcessExit>;
  /** Ends it, and everything in its process group, at once. */
  kill(): void;
}

/** The shell script that ties a program to us; it explains itself. */
export const tether = fileURLToPath(new URL('./tether.sh', import.meta.url));

const defaultStop: StopStep[] = [
  { signal: 'SIGINT', wait: 10 },
  { signal: 'SIGTERM', wait: 5 },
];

/**
 * Starts a program that can't outlive this process, in a process group of its own: Ctrl-C on the terminal reaches only
 * us, and we end the others in the order we choose. POSIX systems only.
 *
 * @throws when the shell can't be started; a program that isn't there ends with code 127 instead.
 */
export async function startTethered(options: TetheredOptions): Promise<TetheredProcess> {
  const steps = options.stop ?? defaultStop;
  const written = steps.map((step) => `${step.signal.replace('SIG', '')}:${Math.ceil(step.wait)}`).join(' ');
  const { niceness = 0 } = options;
  // Threads that it has started would stay where they were, were it told later.
  const nice = niceness === 0 ? [] : ['nice', '-n', String(niceness)];
  const child = spawn('/bin/sh', [tether, written, ...nice, options.command, ...options.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  // A group signal to a process that has just gone, or a pipe to it, is no fault of ours.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);

  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name} has no process number`);
  const recent = followLines(child, options.onLine);

  let stopping: Promise<ProcessExit> | undefined;
  let exit: ProcessExit | null = null;
  child.once('exit', () => {
    child.stdin.end('released\n');
    // What the program started and left behind goes with it.
    signalGroup(pid, 'SIGKILL');
  });
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  if (niceness > 0) await weighSession(pid, niceness);
  const tethered: TetheredProcess = {
    name: options.name,
    pid,
    identity: await identifyProcess(pid),
    exited,
    get exit() {
      return exit;
    },
    lastLines: () => [...recent],
    stop: () => (stopping ??= stopBySteps(tethered, child, steps)),
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) signalGroup(pid, 'SIGKILL');
    },
  };
  return tethered;
}

async function stopBySteps(
  tethered: TetheredProcess,
  child: ChildProcess,
  steps: StopStep[],
): Promise<ProcessExit> {
  for (const { signal, wait } of steps) {
    child.kill(signal);
    const ended = await within(tethered.exited, wait * 1000);
    if (ended) return ended;
  }
  tethered.kill();
  return await tethered.exited;
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Nobody left in the group; on macOS a group of zombies answers EPERM.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function followLines(child: ChildProcess, onLine: TetheredOptions['onLine']): string[] {
  const recent: string[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    const source = child[stream];
    if (!source) continue;
    createInterface({ input: source, crlfDelay: Infinity }).on('line', (line) => {
      recent.push(line);
      if (recent.length > 40) recent.shift();
      onLine?.(line, stream);
    });
  }
  return recent;
}
