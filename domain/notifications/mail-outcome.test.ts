import assert from 'node:assert/strict';
import {
  deferralSeconds,
  settlementOf,
  speaksOfMailbox,
  unreachableHours,
  withoutAddresses,
  type MailHistory,
  type MailOutcome,
} from './mail-outcome.ts';

const history = (change: Partial<MailHistory> = {}): MailHistory => ({
  deferred: 1,
  unknown: 1,
  unreachable: 1,
  ageMs: 0,
  ...change,
});
const deferred: MailOutcome = { kind: 'deferred', status: 451, answer: '451 later' };
const unreachable: MailOutcome = { kind: 'unreachable', problem: 'nobody there' };
const unknown: MailOutcome = { kind: 'unknown', problem: 'no answer' };

describe('What becomes of a mail after an attempt', () => {
  it('it is over where the server has said so, and the address with it only where that is meant', () => {
    assert.deepEqual(settlementOf({ kind: 'sent', status: 250, answer: '' }, history(), 0.5), {
      state: 'sent',
    });
    const refused = (mailbox: boolean) =>
      settlementOf({ kind: 'refused', status: 550, answer: '', mailbox }, history(), 0.5);
    assert.deepEqual(refused(true), { state: 'failed', suppress: 'bounce' });
    assert.deepEqual(refused(false), { state: 'failed' });
  });

  it('it is tried again ever later where the server asks for it, and given up after about a day', () => {
    const waits = deferralSeconds.map((_, index) => {
      const settled = settlementOf(deferred, history({ deferred: index + 1 }), 0.5);
      return settled.state === 'pending' ? settled.waitMs / 1_000 : null;
    });
    assert.deepEqual(waits, [...deferralSeconds]);
    assert.deepEqual(
      waits,
      waits.toSorted((a, b) => Number(a) - Number(b)),
    );
    const hours = deferralSeconds.reduce((sum, seconds) => sum + seconds, 0) / 3_600;
    assert.ok(hours > 24 && hours < 30);
    const last = settlementOf(deferred, history({ deferred: deferralSeconds.length + 1 }), 0.5);
    assert.deepEqual(last, { state: 'failed' });
  });

  it('it waits for a server that is away, seconds at first and never more than six minutes, for three days', () => {
    for (let tries = 1; tries < 40; tries += 1) {
      const settled = settlementOf(unreachable, history({ unreachable: tries }), 0.999);
      assert.ok(settled.state === 'pending' && settled.waitMs >= 1_600 && settled.waitMs <= 360_000);
    }
    const old = history({ ageMs: unreachableHours * 3_600_000 + 1 });
    assert.deepEqual(settlementOf(unreachable, old, 0.5), { state: 'failed' });
  });

  it('it is sent once more where nobody knows whether it was taken, and not twice', () => {
    assert.equal(settlementOf(unknown, history({ unknown: 1 }), 0.5).state, 'pending');
    assert.deepEqual(settlementOf(unknown, history({ unknown: 2 }), 0.5), { state: 'unknown' });
  });
});

describe('Answers of mail servers', () => {
  it('speak of the mailbox by their enhanced code, and without one', () => {
    for (const answer of ['550 no such user', '550 5.1.1 unknown', '552-5.2.2 full', '553 5.1.10 null MX'])
      assert.equal(speaksOfMailbox(answer), true, answer);
    for (const answer of ['550 5.7.1 blocked', '554 5.7.26 unauthenticated', '550 5.4.1 access denied'])
      assert.equal(speaksOfMailbox(answer), false, answer);
  });

  it('are kept without addresses, and not longer than a line or two', () => {
    const kept = withoutAddresses(
      '550 <Ada@Example.com>: "ada@example.com" (ada.l+x@sub.example.co.uk) gone',
    );
    assert.equal(kept, '550 <address>: "<address>" (<address>) gone');
    assert.equal(withoutAddresses('x'.repeat(1_000)).length, 300);
  });
});
