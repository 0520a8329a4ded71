import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Guard } from './guard.ts';

type Answer = 'good' | 'bad';

const never = new AbortController().signal;
const answering = (answer: Answer) => () => Promise.resolve(answer);
const hanging = (signal: AbortSignal): Promise<Answer> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });

describe('Guard of an outside service', () => {
  const options = { timeoutMs: 1_000, concurrency: 2, opensAfter: 3, probesAfterMs: 40 };
  const guardOf = (changes: Partial<typeof options & { queue: number }> = {}) =>
    new Guard<Answer>({ ...options, ...changes }, (answer) => answer === 'bad');
  const afterProbeTime = () => delay(options.probesAfterMs + 5);

  it('hands answers on, bad ones too', async () => {
    const guard = guardOf();
    assert.deepEqual(await guard.run(answering('good'), never), { ok: true, value: 'good' });
    assert.deepEqual(await guard.run(answering('bad'), never), { ok: true, value: 'bad' });
  });

  it('opens after failures in a row, thrown or answered, and asks nobody then', async () => {
    const guard = guardOf();
    await guard.run(answering('bad'), never);
    await assert.rejects(
      guard.run(() => Promise.reject(new Error('reset')), never),
      /reset/,
    );
    await guard.run(answering('good'), never);
    for (let index = 0; index < 3; index++) {
      assert.equal(guard.state, 'closed');
      await guard.run(answering('bad'), never);
    }
    assert.equal(guard.state, 'open');
    let asked = false;
    const refused = await guard.run(() => {
      asked = true;
      return Promise.resolve('good');
    }, never);
    assert.ok(!refused.ok && refused.code === 'circuit_open');
    assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= options.probesAfterMs);
    assert.deepEqual([asked, guard.health.lastOpenedAt instanceof Date], [false, true]);
  });

  it('lets one probe through after a while: a bad one opens the circuit again, a good one closes it', async () => {
    const guard = guardOf();
    for (let index = 0; index < 3; index++) await guard.run(answering('bad'), never);
    await afterProbeTime();
    await guard.run(answering('bad'), never);
    assert.equal(guard.state, 'open');
    await afterProbeTime();
    const answer = Promise.withResolvers<Answer>();
    const probe = guard.run(() => answer.promise, never);
    assert.equal(guard.state, 'half_open');
    answer.resolve('good');
    assert.deepEqual(await probe, { ok: true, value: 'good' });
    assert.equal(guard.state, 'closed');
  });

  it('gives up what takes too long, aborts it, and counts it', async () => {
    const guard = guardOf({ timeoutMs: 10 });
    let aborted = 0;
    for (let index = 0; index < 3; index++) {
      const result = await guard.run((signal) => {
        signal.addEventListener('abort', () => (aborted += 1));
        return hanging(signal);
      }, never);
      assert.deepEqual(result, { ok: false, code: 'timeout' });
    }
    assert.deepEqual([aborted, guard.state], [3, 'open']);
  });

  it('gives up work that ignores its signal', async () => {
    const guard = guardOf({ timeoutMs: 10 });
    assert.deepEqual(await guard.run(() => new Promise(() => undefined), never), {
      ok: false,
      code: 'timeout',
    });
    assert.equal(guard.health.freeSlots, options.concurrency);
  });

  it("doesn't count what its caller cancels, and a cancelled probe leaves the circuit open", async () => {
    const guard = guardOf();
    const cancel = async () => {
      const controller = new AbortController();
      const running = guard.run(hanging, controller.signal);
      controller.abort();
      return running;
    };
    for (let index = 0; index < 5; index++)
      assert.deepEqual(await cancel(), { ok: false, code: 'cancelled' });
    assert.equal(guard.state, 'closed');
    assert.deepEqual(await guard.run(answering('good'), AbortSignal.abort()), {
      ok: false,
      code: 'cancelled',
    });
    for (let index = 0; index < 3; index++) await guard.run(answering('bad'), never);
    await afterProbeTime();
    await cancel();
    assert.equal(guard.state, 'open');
  });

  it('runs only so much at once, lets some wait, and refuses the rest', async () => {
    const guard = guardOf({ queue: 1 });
    const ends: (() => void)[] = [];
    let most = 0;
    let running = 0;
    const work = (): Promise<Answer> => {
      most = Math.max(most, ++running);
      return new Promise((resolve) => {
        ends.push(() => {
          running -= 1;
          resolve('good');
        });
      });
    };
    const results = [1, 2, 3, 4].map(() => guard.run(work, never));
    assert.deepEqual(await results[3], { ok: false, code: 'overloaded' });
    assert.deepEqual([guard.health.freeSlots, guard.health.freeQueue], [0, 0]);
    for (let ended = 0; ended < 3; ended++) {
      while (ends.length === 0) await delay(1);
      ends.shift()?.();
    }
    const answers = await Promise.all(results.slice(0, 3));
    assert.ok(answers.every((result) => result.ok));
    assert.deepEqual([most, guard.state], [2, 'closed']);
  });
});
