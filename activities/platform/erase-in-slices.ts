const sliceMilliseconds = 10_000;
const rowsAtOnce = 5_000;

/**
 * Erases piece by piece until nothing is found, or the time of a slice is up.
 *
 * @param erase erases up to so many rows of each kind and gives how many went; 0 when none are left
 */
export async function eraseInSlices(
  signal: AbortSignal,
  erase: (limit: number) => Promise<number>,
): Promise<{ removed: number; left: boolean }> {
  const until = performance.now() + sliceMilliseconds;
  let removed = 0;
  while (performance.now() < until) {
    signal.throwIfAborted();
    const gone = await erase(rowsAtOnce);
    if (gone === 0) return { removed, left: false };
    removed += gone;
  }
  return { removed, left: true };
}
