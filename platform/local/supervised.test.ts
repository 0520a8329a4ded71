import assert from 'node:assert/strict';
import type { ProcessExit } from './process.ts';
import { Supervised, type RunningPart } from './supervised.ts';
import { Supervisor } from './supervisor.ts';

/** A part that runs until the test ends it. */
class FakePart implements RunningPart {
  readonly name: string;
  readonly log: string[];
  starts = 0;
  failNext = 0;
  #end: (exit: ProcessExit) => void = () => undefined;
  exited: Promise<ProcessExit> = Promise.resolve({ code: 0, signal: null });

  constructor(name: string, log: string[] = []) {
    this.name = name;
    this.log = log;
  }

  start(): Promise<RunningPart> {
    this.starts += 1;
    if (this.failNext > 0) {
      this.failNext -= 1;
      return Promise.reject(new Error('not today'));
    }
    this.exited = new Promise((resolve) => {
      this.#end = resolve;
    });
    return Promise.resolve(this);
  }

  crash(): void {
    this.#end({ code: 9, signal: null });
  }

  stop(): Promise<void> {
    this.log.push(`stop ${this.name}`);
    this.#end({ code: 0, signal: null });
    return Promise.resolve();
  }

  kill(): void {
    this.log.push(`kill ${this.name}`);
    this.#end({ code: null, signal: 'SIGKILL' });
  }
}

function watched() {
  const crashes: string[] = [];
  const { promise: restarted, resolve } = Promise.withResolvers<void>();
  const events = {
    onCrash: (name: string, how: string, seconds: number) => crashes.push(`${name} ${how}, ${seconds} s`),
    onRestart: () => resolve(),
    onStart: () => undefined,
    onReady: () => undefined,
    onStopping: () => undefined,
  };
  return { crashes, restarted, events };
}

describe('a supervised part', () => {
  it('is started again after a crash, with waits that grow while it keeps failing', async () => {
    const part = new FakePart('part');
    const { crashes, restarted, events } = watched();
    const supervised = new Supervised(part, events);
    await supervised.start();
    part.failNext = 1;
    part.crash();
    await restarted;
    assert.equal(part.starts, 3);
    assert.deepEqual(crashes, ['part ended with code 9, 0.5 s', 'part not today, 1 s']);
    await supervised.stop();
  });

  it('is not started again when it is told to stop, even while it waits to be', async () => {
    const part = new FakePart('part');
    const { events } = watched();
    const crashed = Promise.withResolvers<void>();
    const supervised = new Supervised(part, { ...events, onCrash: () => crashed.resolve() });
    await supervised.start();
    part.crash();
    await crashed.promise;
    await supervised.stop();
    assert.equal(part.starts, 1);
  });

  it('says why its first start failed, and is not tried again', async () => {
    const part = new FakePart('part');
    part.failNext = 1;
    const supervised = new Supervised(part, watched().events);
    await assert.rejects(supervised.start(), /not today/);
    await supervised.stop();
    assert.equal(part.starts, 1);
  });
});

describe('the supervisor', () => {
  it('ends the parts in the opposite order of their ranks, once', async () => {
    const log: string[] = [];
    const supervisor = new Supervisor(watched().events);
    for (const [name, rank] of [
      ['database', 1],
      ['api', 4],
      ['workers', 3],
    ] as const) {
      await supervisor.run(new FakePart(name, log), rank);
    }
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    assert.deepEqual(log, ['stop api', 'stop workers', 'stop database']);
    await assert.rejects(supervisor.run(new FakePart('late', log), 1), /told to stop/);
  });

  it('waits for a start that is under way, and ends what comes of it', async () => {
    const log: string[] = [];
    const supervisor = new Supervisor(watched().events);
    const gate = Promise.withResolvers<void>();
    const part = new FakePart('slow', log);
    const running = supervisor.run({ name: 'slow', start: () => gate.promise.then(() => part.start()) }, 1);
    const stopped = supervisor.stop();
    gate.resolve();
    await stopped;
    await running;
    assert.deepEqual(log, ['stop slow']);
  });

  it('waits for a step that is under way, which sees that it should end', async () => {
    const supervisor = new Supervisor(watched().events);
    const step = supervisor.step('migrations', (signal) => {
      const { promise, reject } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => reject(new Error('given up')));
      return promise;
    });
    const failed = assert.rejects(step, /given up/);
    await supervisor.stop();
    await failed;
  });
});
