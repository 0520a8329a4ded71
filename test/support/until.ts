import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks. */
const shortest = 5;
const longest = 100;

/**
 * Waits until a condition holds; fails with its last error, or with a plain one, when it does not in time. It looks ever
 * more rarely, by a tenth of the time waited: each look costs the machine, on which what is waited for is at work too.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  milliseconds = 60_000,
): Promise<NonNullable<T>> {
  const began = performance.now();
  for (;;) {
    let problem: unknown = new Error('The condition did not come to hold in time.');
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      problem = error;
    }
    const waited = performance.now() - began;
    if (waited > milliseconds) throw problem;
    await pause(Math.min(Math.max(waited / 10, shortest), longest));
  }
}
