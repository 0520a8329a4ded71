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

const waiting: (() => void)[] = [];

/**
 * Of all that is worked on in turns, one goes on each time round the event loop, and what has come in from outside is heard
 * before the next does: the lanes of a large batch would else work one after the other first.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(takeTurn);
  });
}

function takeTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(takeTurn);
}
