/**
 * Does some of a work, and some more, until none is left. Between two rounds it can be broken off.
 *
 * @param some gives how much it has done; 0 when nothing was left
 * @returns how much that was in all
 */
export async function untilNothing(signal: AbortSignal, some: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let done = 1; done > 0; sum += done) {
    signal.throwIfAborted();
    done = await some();
  }
  return sum;
}
