import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds; fails with its last error, or with a plain one, when it does not in time. */
export async function until<T>(
  condition: () => T | Promise<T>,
  milliseconds = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    let problem: unknown = new Error('The condition did not come to hold in time.');
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) throw problem;
    await pause(10);
  }
}
