import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchOdds, posteriors, withWitnesses } from './probability.ts';

const distinct = (): number => 0;
const same = (): number => 1;

describe('the probability of a match', () => {
  it('grows with the evidence and falls with the number of people searched', () => {
    assert.ok(matchOdds(20, 1_000) > matchOdds(15, 1_000));
    assert.ok(matchOdds(20, 1_000) > matchOdds(20, 1_000_000));
  });

  it('is halved by a rival as good, unless the rival is the same person', () => {
    const [rivalled] = posteriors([1_000, 1_000], distinct);
    assert.ok(rivalled !== undefined && Math.abs(rivalled - 0.5) < 0.01);
    const [alone] = posteriors([1_000, 1_000], same);
    assert.ok(alone !== undefined && alone > 0.99);
  });

  it('of distinct people adds up to one at most', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { maxLength: 2 }), (odds) => {
        const sum = posteriors(odds, distinct).reduce((total, one) => total + one, 0);
        // Rivals below one in a hundred are left out.
        assert.ok(sum <= 1.011);
      }),
    );
  });

  it('is raised by another record of the same person, never lowered', () => {
    assert.deepEqual(withWitnesses([0.9, 0.1], same), [0.9, 0.9]);
    assert.deepEqual(withWitnesses([0.9, 0.1], distinct), [0.9, 0.1]);
  });
});
