import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jitter, scheduleSeconds, waitAfterFailure } from './delivery-schedule.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const asked = fc.option(fc.integer({ min: 0, max: 86_400_000 }), { nil: null });

describe('the schedule of attempts', () => {
  it('has eight attempts, each later than planned by a fifth at most, and never sooner than asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), random, asked, (failed, where, askedMs) => {
        const wait = waitAfterFailure(failed, where, askedMs);
        const planned = scheduleSeconds[failed];
        if (planned === undefined) return assert.equal(wait, null);
        assert.ok(wait !== null && wait >= (askedMs ?? 0));
        assert.ok(wait >= planned * 1_000 * (1 - jitter) - 1);
        assert.ok(wait <= Math.max(askedMs ?? 0, planned * 1_000 * (1 + jitter)) + 1);
      }),
    );
    assert.equal(waitAfterFailure(scheduleSeconds.length, 0, 1_000), null);
  });

  it('is that of Svix', () => {
    assert.deepEqual(scheduleSeconds, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
    assert.deepEqual(
      [1, 2, 3].map((failed) => waitAfterFailure(failed, 0.5, null)),
      [5_000, 300_000, 1_800_000],
    );
  });

  it('spreads what has failed together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), random, random, (failed, one, other) => {
        fc.pre(Math.abs(one - other) > 0.001);
        assert.notEqual(waitAfterFailure(failed, one, null), waitAfterFailure(failed, other, null));
      }),
    );
  });
});
