import assert from 'node:assert/strict';
import { SharedReads } from './shared-reads.ts';

describe('shared reads', () => {
  it('give nobody what was read before they asked, and read once for all who wait', async () => {
    const reads = new SharedReads<number>();
    const begun: (() => void)[] = [];
    let stored = 1;
    const load = async (): Promise<number> => {
      const seen = stored;
      await new Promise<void>((resolve) => begun.push(resolve));
      return seen;
    };
    const first = reads.read('a', load);
    stored = 2;
    const others = [reads.read('a', load), reads.read('a', load)];
    assert.equal(begun.length, 1);
    begun[0]?.();
    assert.equal(await first, 1);
    // Their read has begun by now, once for both.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(begun.length, 2);
    begun[1]?.();
    assert.deepEqual(await Promise.all(others), [2, 2]);
  });

  it('go on after one that failed', async () => {
    const reads = new SharedReads<string>();
    const failing = reads.read('a', () => Promise.reject(new Error('away')));
    const next = reads.read('a', () => Promise.resolve('there'));
    await assert.rejects(failing, /away/);
    assert.equal(await next, 'there');
    assert.equal(await reads.read('a', () => Promise.resolve('again')), 'again');
  });
});
