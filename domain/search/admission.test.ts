import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { admit, type Meter, type ProviderLimits } from './admission.ts';

const now = Date.UTC(2027, 0, 31, 12);
const free: ProviderLimits = {
  ratePerSecond: null,
  burst: 1,
  concurrency: null,
  budgetDay: null,
  budgetMonth: null,
};
const meter: Meter = {
  tokens: 1,
  refilledAt: now,
  pausedUntil: null,
  day: '2027-01-31',
  dayMicros: 0n,
  month: '2027-01',
  monthMicros: 0n,
  underWay: 0,
};
const wanted = (calls: number, each = 10n, paid = 0) => ({ calls, each, paid });

describe('Admission of calls', () => {
  it('lets everything through where nothing is limited', () => {
    const { granted, atOnce, refusal, meter: after } = admit(free, meter, wanted(1_000), now);
    assert.deepEqual(
      [granted, atOnce, refusal, after.dayMicros, after.monthMicros],
      [1_000, 1_000, null, 10_000n, 10_000n],
    );
  });

  it('keeps to the rate: a burst first, then one call each time a token has come in', () => {
    const limits = { ...free, ratePerSecond: 2, burst: 3 };
    const first = admit(limits, { ...meter, tokens: 3 }, wanted(5), now);
    assert.deepEqual([first.granted, first.refusal], [3, { cause: 'rate', retryAfterMs: 500 }]);
    const early = admit(limits, first.meter, wanted(2), now + 250);
    assert.deepEqual([early.granted, early.refusal], [0, { cause: 'rate', retryAfterMs: 250 }]);
    assert.equal(admit(limits, early.meter, wanted(2), now + 500).granted, 1);
    assert.equal(admit(limits, first.meter, wanted(9), now + 3_600_000).granted, 3);
  });

  it('keeps to the calls under way', () => {
    const limits = { ...free, concurrency: 4 };
    const some = admit(limits, { ...meter, underWay: 3 }, wanted(5), now);
    assert.deepEqual([some.granted, some.atOnce, some.meter.underWay], [5, 1, 4]);
    const full = admit(limits, { ...meter, underWay: 4 }, wanted(5), now);
    assert.deepEqual([full.granted, full.refusal?.cause], [0, 'concurrency']);
    assert.equal(full.meter.dayMicros, 0n);
  });

  it('keeps to the budgets of day and month, and starts anew with each', () => {
    const limits = { ...free, budgetDay: 35n, budgetMonth: 1_000n };
    const some = admit(limits, meter, wanted(5), now);
    assert.deepEqual(
      [some.granted, some.refusal, some.meter.dayMicros],
      [3, { cause: 'budget_day', retryAfterMs: null }, 30n],
    );
    const nextDay = admit(limits, some.meter, wanted(1), now + 86_400_000);
    assert.deepEqual(
      [
        nextDay.granted,
        nextDay.meter.day,
        nextDay.meter.dayMicros,
        nextDay.meter.month,
        nextDay.meter.monthMicros,
      ],
      [1, '2027-02-01', 10n, '2027-02', 10n],
    );
    const poor = admit({ ...free, budgetMonth: 5n }, meter, wanted(1), now);
    assert.equal(poor.refusal?.cause, 'budget_month');
  });

  it('takes no money twice for what an earlier attempt has reserved', () => {
    const limits = { ...free, budgetDay: 20n };
    const spent = { ...meter, dayMicros: 20n };
    assert.deepEqual(admit(limits, spent, wanted(3, 10n, 2), now).granted, 2);
    assert.equal(admit(limits, spent, wanted(3, 10n, 2), now).meter.dayMicros, 20n);
  });

  it('lets nobody call before a pause is over', () => {
    const paused = { ...meter, pausedUntil: now + 2_000 };
    assert.deepEqual(admit(free, paused, wanted(1), now).refusal, { cause: 'paused', retryAfterMs: 2_000 });
    assert.equal(admit(free, paused, wanted(1), now + 2_000).granted, 1);
  });

  it('never grants more than any limit, at any time', () => {
    const limits = fc.record({
      ratePerSecond: fc.option(fc.double({ min: 0.1, max: 100, noNaN: true })),
      burst: fc.integer({ min: 1, max: 20 }),
      concurrency: fc.option(fc.integer({ min: 1, max: 10 })),
      budgetDay: fc.option(fc.bigInt(0n, 200n)),
      budgetMonth: fc.option(fc.bigInt(0n, 500n)),
    });
    const asks = fc.array(
      fc.record({ calls: fc.integer({ min: 1, max: 30 }), afterMs: fc.integer({ min: 0, max: 60_000 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(limits, asks, fc.bigInt(0n, 20n), (allowed, rounds, each) => {
        let [at, state, total] = [now, { ...meter, tokens: allowed.burst }, 0];
        for (const { calls, afterMs } of rounds) {
          at += afterMs;
          const admission = admit(allowed, { ...state, underWay: 0 }, wanted(calls, each), at);
          total += admission.granted;
          assert.ok(
            admission.granted <= calls && (admission.granted === calls) === (admission.refusal === null),
          );
          assert.ok(admission.atOnce <= (allowed.concurrency ?? Infinity));
          assert.ok(
            allowed.budgetDay === null ||
              admission.meter.dayMicros <= allowed.budgetDay ||
              admission.granted === 0,
          );
          state = admission.meter;
        }
        const seconds = (at - now) / 1_000;
        if (allowed.ratePerSecond !== null)
          assert.ok(total <= allowed.burst + seconds * allowed.ratePerSecond + 1e-6);
      }),
    );
  });
});
