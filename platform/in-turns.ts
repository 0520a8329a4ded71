import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work after which others have their turn: short beside any answer from a database under load. */
const turnMilliseconds = 2;

/**
 * Maps many items, and lets whatever else waits in this process have its turn every few milliseconds: a step of a large batch
 * works on thousands of rows, and the next step of a small one would wait behind all of them.
 */
export async function mapInTurns<A, B>(
  items: readonly A[],
  map: (item: A, index: number) => B,
): Promise<Awaited<B>[]> {
  const mapped: Awaited<B>[] = [];
  let began = performance.now();
  for (const [index, item] of items.entries()) {
    mapped.push(await map(item, index));
    if (performance.now() - began < turnMilliseconds) continue;
    await nextTurn();
    began = performance.now();
  }
  return mapped;
}
