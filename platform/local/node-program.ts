import { setTimeout as pause } from 'node:timers/promises';
import { startTethered, type StopStep, type TetheredProcess } from './process.ts';

export interface NodeProgram {
  name: string;
  /** Absolute path of the entry point. */
  script: string;
  args?: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Answers 200 when the program serves. */
  readyUrl: string;
  stop?: StopStep[];
  onLine?: (line: string) => void;
  /** Told as soon as there is a process, before it serves. */
  onSpawn?: (process: TetheredProcess) => Promise<void>;
}

/** How long a program may take until it serves, in seconds: bundling the workflows on a slow machine takes most of it. */
const startPatience = 120;

/**
 * Starts a Node program of ours and waits until it answers that it is ready.
 *
 * @throws with its last lines, when it ends or doesn't become ready; then it isn't running any more.
 */
export async function startNodeProgram(program: NodeProgram, signal: AbortSignal): Promise<TetheredProcess> {
  const running = await spawnNode(program);
  try {
    await program.onSpawn?.(running);
    await waitUntilReady(running, program.readyUrl, signal);
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/**
 * Runs a Node program of ours to its end.
 *
 * @throws with its last lines, when it fails.
 */
export async function runNodeProgram(
  program: Omit<NodeProgram, 'readyUrl'>,
  signal: AbortSignal,
): Promise<void> {
  const running = await spawnNode(program);
  const stop = () => void running.stop();
  signal.addEventListener('abort', stop);
  try {
    await program.onSpawn?.(running);
    const exit = await running.exited;
    signal.throwIfAborted();
    if (exit.code !== 0) throw new Error(`${program.name} failed:\n${running.lastLines().join('\n')}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function spawnNode(program: Omit<NodeProgram, 'readyUrl'>): Promise<TetheredProcess> {
  return await startTethered({
    name: program.name,
    command: process.execPath,
    args: [program.script, ...(program.args ?? [])],
    env: program.env,
    cwd: program.cwd,
    stop: program.stop ?? [{ signal: 'SIGTERM', wait: 20 }],
    ...(program.onLine ? { onLine: program.onLine } : {}),
  });
}

async function waitUntilReady(running: TetheredProcess, url: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + startPatience * 1000;
  for (;;) {
    signal.throwIfAborted();
    if (running.exit) {
      throw new Error(`${running.name} ended while starting:\n${running.lastLines().join('\n')}`);
    }
    const answer = await ask(url);
    if (answer === 'ready') return;
    if (Date.now() > deadline) {
      throw new Error(
        `${running.name} isn’t ready after ${startPatience} s (${answer}):\n${running.lastLines().join('\n')}`,
      );
    }
    await pause(50, undefined, { signal });
  }
}

async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const body = await response.text();
    return response.status === 200 ? 'ready' : `${url} answers ${response.status} ${body.slice(0, 300)}`;
  } catch (error) {
    // Not listening yet, or not answering: both are what we wait for.
    const { cause, message } = error as Error;
    return `${url}: ${cause instanceof Error ? cause.message : message}`;
  }
}
