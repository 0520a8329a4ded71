import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isErrorCode } from '../../domain/errors.ts';
import { Failure } from '../../domain/failure.ts';
import type { ImageAnswer, ImageTasks } from './image-tasks.ts';

const program = fileURLToPath(new URL('./image-program.ts', import.meta.url));
const fonts = fileURLToPath(new URL('./fonts.conf', import.meta.url));

/** A task that has failed in its process, of nothing that has a code: the same again would only fail again. */
export class ImageTaskError extends Error {
  override readonly name = 'ImageTaskError';
}

interface ImageProcessOptions {
  atOnce?: number;
  seconds?: number;
  patience?: number;
}

/** The shell sets the limit on processor time (setrlimit(2)), which Node can't, and becomes the program. Without a core file. */
const limited = 'ulimit -c 0 && ulimit -S -t "$0" && ulimit -H -t "$1" && shift && exec "$@"';

/**
 * Works on images, each time in a process of its own that lives for one task. A decoder that is overrun by a hostile file
 * finds no credentials there and takes nothing else down with it; one that does not end is killed; and this process's event
 * loop goes on meanwhile.
 */
export class ImageProcesses {
  readonly #seconds: number;
  readonly #patience: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param options.atOnce how many tasks are worked on at a time; others wait for their turn
   * @param options.seconds of processor time that a task may take, in whole ones. On a busy machine they may last long, for
   *   which no picture is to blame
   * @param options.patience seconds by the clock after which a task is broken off
   */
  constructor({ atOnce = 2, seconds = 30, patience = 240 }: ImageProcessOptions = {}) {
    this.#free = atOnce;
    this.#seconds = seconds;
    this.#patience = patience;
  }

  /**
   * @param input what it is about, or what gets that when its turn has come: so that only what is worked on is in memory
   * @throws Failure `images.unreadable`, `images.unsafe`, `images.too_large`; `images.too_slow` after its processor
   *   time; `images.process_lost` when the process has died over its task, or the patience is over; `service.unavailable` when it
   *   has died before
   * @throws ImageTaskError
   */
  async run<K extends keyof ImageTasks>(
    task: K,
    input: ImageTasks[K]['input'] | (() => Promise<ImageTasks[K]['input']>),
    signal?: AbortSignal,
  ): Promise<ImageTasks[K]['output']> {
    await this.#turn();
    try {
      signal?.throwIfAborted();
      const given = typeof input === 'function' ? await input() : input;
      return (await this.#perform({ task, ...given }, signal)) as ImageTasks[K]['output'];
    } finally {
      this.#free += 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#free -= 1;
  }

  async #perform(task: object, signal: AbortSignal | undefined): Promise<unknown> {
    const node = [process.execPath, '--max-old-space-size=512', '--expose-gc', program];
    // The hard limit is there for a process that would not end at the soft one.
    const seconds = [String(this.#seconds), String(this.#seconds + 1)];
    const child = spawn('/bin/sh', ['-c', limited, ...seconds, ...node], {
      // Nothing of ours: no address, no key. Of the machine, neither fonts nor settings.
      env: { FONTCONFIG_FILE: fonts, PANGOCAIRO_BACKEND: 'fontconfig', VIPS_CONCURRENCY: '1', TZ: 'UTC' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let begun = false;
    const lost = (message: string): void => {
      const code = begun ? 'images.process_lost' : 'service.unavailable';
      reject(new Failure(code, message, { retryAfter: 1 }));
    };
    const timer = setTimeout(
      () => lost(`It was not done within ${this.#patience} seconds.`),
      this.#patience * 1_000,
    );
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    // One that could not be started never ends either.
    const exited =
      child.pid === undefined
        ? Promise.resolve()
        : new Promise<void>((end) => child.once('exit', () => end()));
    const failed = ({ code, message }: NodeJS.ErrnoException): void =>
      lost(`The process for images could not be given its task: ${code ?? message}.`);
    child.once('error', failed);
    // Not when it exits: what it has said before is heard first.
    child.once('close', (code, by) => {
      if (by === 'SIGXCPU')
        reject(
          new Failure('images.too_slow', `It takes more than ${this.#seconds} seconds of processor time.`),
        );
      lost(`The process for images ended with ${by ?? code}.`);
    });
    child.on('message', (answer: ImageAnswer) => {
      if ('begun' in answer) begun = true;
      else if ('output' in answer) resolve(answer.output);
      else if ('failure' in answer && isErrorCode(answer.failure.code))
        reject(new Failure(answer.failure.code, answer.failure.message));
      else reject(new ImageTaskError('error' in answer ? answer.error : answer.failure.message));
    });
    // One that has ended already takes nothing, which may be heard of before its end is.
    child.send(task, (error) => {
      if (error) failed(error);
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      child.kill('SIGKILL');
      await exited;
    }
  }
}
