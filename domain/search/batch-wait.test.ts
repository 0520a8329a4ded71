import assert from 'node:assert/strict';
import { isOutOfPatience, waitAfter, type BatchWait } from './batch-wait.ts';

const now = new Date('2026-11-25T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();
const secondsOf = (wait: BatchWait | null): number =>
  wait === null ? 0 : (Date.parse(wait.until) - now.getTime()) / 1_000;
const waiting = (minutes: number): BatchWait => ({
  since: minutesAgo(minutes),
  until: now.toISOString(),
  reason: 'vendor: its circuit is open after failures',
});
const later = (afterMs: number) => ({ afterMs, reason: 'vendor: the provider asked for a pause' });

describe('The waiting of a batch', () => {
  it('begins with what the provider asks for', () => {
    const wait = waitAfter(null, false, later(30_000), now);
    assert.deepEqual([wait?.since, secondsOf(wait)], [now.toISOString(), 30]);
    assert.equal(wait?.reason, 'vendor: the provider asked for a pause');
  });

  it('lasts a second at least, grows with the time that nothing has come of it, and to a minute only', () => {
    assert.equal(secondsOf(waitAfter(null, false, later(0), now)), 1);
    assert.equal(secondsOf(waitAfter(waiting(2), false, later(0), now)), 30);
    assert.equal(secondsOf(waitAfter(waiting(8), false, later(0), now)), 60);
    assert.equal(secondsOf(waitAfter(waiting(8), false, later(120_000), now)), 120);
  });

  it('never goes beyond a quarter of an hour without an answer', () => {
    assert.equal(secondsOf(waitAfter(null, false, later(86_400_000), now)), 900);
    assert.equal(secondsOf(waitAfter(waiting(14), false, later(86_400_000), now)), 60);
    assert.equal(isOutOfPatience(waiting(14), now), false);
    assert.equal(isOutOfPatience(waiting(15), now), true);
    assert.equal(isOutOfPatience(null, now), false);
  });

  it('is counted from the last answer, and over when nobody waits and somebody was answered', () => {
    assert.equal(waitAfter(waiting(10), true, later(0), now)?.since, now.toISOString());
    assert.equal(waitAfter(waiting(10), true, null, now), null);
    assert.deepEqual(waitAfter(waiting(20), false, null, now), waiting(20));
  });
});
