import assert from 'node:assert/strict';
import { mapInTurns } from './in-turns.ts';

describe('mapping in turns', () => {
  it('keeps the order, and lets others do something before it is through', async () => {
    let others = 0;
    const other = setInterval(() => (others += 1), 0);
    try {
      const busy = (item: number): number => {
        for (const until = performance.now() + 2; performance.now() < until;);
        return item * 2;
      };
      const items = Array.from({ length: 50 }, (_, index) => index);
      const mapped = await mapInTurns(items, busy);
      assert.deepEqual(
        mapped,
        items.map((item) => item * 2),
      );
      assert.ok(others > 0);
    } finally {
      clearInterval(other);
    }
  });

  it('fails with the first that fails', async () => {
    await assert.rejects(
      mapInTurns([1, 2], (item) => {
        throw new Error(`no ${item}`);
      }),
      /no 1/,
    );
  });
});
