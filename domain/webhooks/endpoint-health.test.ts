import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  circuitOpenFor,
  disabledAfterMs,
  failuresToDisable,
  healthAfter,
  mostAtOnce,
  newHealth,
  outagesToOpen,
  reasonToDisable,
  slotsOf,
  type EndpointHealth,
} from './endpoint-health.ts';
import { judge, type Verdict } from './verdict.ts';

const start = new Date('2036-11-21T09:00:00Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);
const answer = (status: number, headers: Record<string, string> = {}): Verdict =>
  judge({ status, headers }, start);
const timeout = judge({ problem: 'timeout' }, start);
const after = (...verdicts: Verdict[]): EndpointHealth =>
  verdicts.reduce((health, verdict) => healthAfter(health, verdict, start), newHealth);

describe('what an answer means', () => {
  it('is a success with 2xx, and a failure with all others', () => {
    for (const status of [200, 201, 202, 204, 299])
      assert.deepEqual(answer(status), { delivered: true, gone: false, down: false, holdMs: null });
    for (const status of [100, 199, 300, 302, 400, 404, 410, 429, 500, 599])
      assert.equal(answer(status).delivered, false, String(status));
    assert.deepEqual(
      [410, 404, 500, 503].map((status) => [answer(status).gone, answer(status).down]),
      [
        [true, false],
        [false, false],
        [false, true],
        [false, true],
      ],
    );
  });

  it('asks for a pause by Retry-After, and by 429 in any case', () => {
    assert.equal(answer(503, { 'retry-after': '120' }).holdMs, 120_000);
    assert.equal(answer(429, { 'retry-after': '5' }).holdMs, 5_000);
    assert.equal(answer(429).holdMs, 60_000);
    assert.equal(answer(500).holdMs, null);
    const dated = { date: start.toUTCString(), 'retry-after': later(90_000).toUTCString() };
    assert.equal(answer(503, dated).holdMs, 90_000);
    assert.equal(answer(503, { 'retry-after': '99999999' }).holdMs, 86_400_000);
    assert.equal(answer(200, { 'retry-after': '120' }).holdMs, null);
  });
});

describe('the health of an endpoint', () => {
  it('opens the circuit after outages in a row, which a refusal of one message is none of', () => {
    const outages = Array.from({ length: outagesToOpen }, () => timeout);
    assert.equal(after(...outages.slice(1)).openUntil, null);
    assert.ok(after(...outages).openUntil);
    assert.equal(slotsOf(after(...outages.slice(1))), mostAtOnce);
    assert.equal(slotsOf(after(...outages)), 1);
    assert.equal(after(...outages.slice(1), answer(400), timeout).openUntil, null);
    const healed = after(...outages, answer(200));
    assert.deepEqual(healed, { ...newHealth, lastSuccessAt: start, lastFailureAt: start });
  });

  it('leaves the circuit open ever longer, five minutes at most', () => {
    const pauses = Array.from({ length: 40 }, (_, outages) => circuitOpenFor(outages));
    assert.deepEqual(pauses.slice(0, outagesToOpen), [null, null, null, null, null]);
    assert.deepEqual(pauses.slice(5, 11), [10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
    assert.ok(pauses.slice(11).every((pause) => pause === 300_000));
  });

  it('disables after 120 hours without a success, and never a moment sooner', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: disabledAfterMs * 2 }),
        fc.integer({ min: 1, max: 20 }),
        (ms, failures) => {
          const health = { ...after(timeout), failures };
          const reason = reasonToDisable(health, timeout, later(ms));
          const due = ms >= disabledAfterMs && failures >= failuresToDisable;
          assert.equal(reason, due ? 'failing' : null);
        },
      ),
    );
    assert.equal(reasonToDisable(after(answer(410)), answer(410), start), 'gone');
    assert.equal(reasonToDisable(after(answer(200)), answer(200), later(disabledAfterMs * 2)), null);
  });

  it('counts from the first failure since the last success, whatever comes in between', () => {
    const verdict = fc.constantFrom(answer(200), answer(400), answer(500), timeout);
    fc.assert(
      fc.property(fc.array(verdict, { minLength: 1, maxLength: 40 }), (verdicts) => {
        let health = newHealth;
        for (const [second, one] of verdicts.entries())
          health = healthAfter(health, one, later(second * 1_000));
        const failed = verdicts.length - 1 - verdicts.findLastIndex((one) => one.delivered);
        assert.equal(health.failures, failed);
        const first = failed === 0 ? null : later((verdicts.length - failed) * 1_000);
        assert.deepEqual(health.failingSince, first);
      }),
    );
  });
});
