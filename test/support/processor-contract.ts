import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PaymentProcessor, PaymentResult } from '../../platform/payments/processor.ts';

const eur = (amount: bigint) => ({ amount, currency: 'EUR' });

function referenceOf(result: PaymentResult): string {
  assert.ok(
    result.outcome === 'succeeded',
    JSON.stringify(result, (_, value) => String(value)),
  );
  return result.reference;
}

/** What every processor keeps to, whoever answers behind it: the simulator, or the real one with test keys. */
export function processorContract(name: string, processor: () => PaymentProcessor): void {
  const authorize = async (amount: bigint, key = `authorize:${randomUUID()}`) => {
    const call = { key, money: eur(amount), paymentMethod: 'pm_card_visa', facts: { order_id: 'o1' } };
    return { key, reference: referenceOf(await processor().authorize(call)) };
  };

  describe(`${name} keeps the contract of a processor`, () => {
    it('holds money, takes it in parts, lets go of the rest and gives back', async () => {
      const { reference: payment } = await authorize(10_000n);
      const held = await processor().payment(payment);
      assert.ok(held !== null && held !== 'unknown');
      assert.deepEqual(
        [held.status, held.authorized, held.capturable, held.captured, held.facts['order_id']],
        ['authorized', 10_000n, 10_000n, 0n, 'o1'],
      );
      const id = randomUUID();
      const first = await processor().capture({
        key: `capture:${id}:1`,
        payment,
        money: eur(3_000n),
        final: false,
      });
      assert.deepEqual(first, { outcome: 'succeeded', reference: payment, money: eur(3_000n) });
      referenceOf(
        await processor().capture({ key: `capture:${id}:2`, payment, money: eur(2_000n), final: true }),
      );
      const refund = await processor().refund({ key: `refund:${id}`, payment, money: eur(4_000n) });
      assert.match(referenceOf(refund), /^re_/);
      const over = await processor().refund({ key: `refund:${id}:2`, payment, money: eur(1_001n) });
      assert.deepEqual([over.outcome, 'code' in over && over.code], ['refused', 'amount_exceeded']);
      const state = await processor().payment(payment);
      assert.ok(state !== null && state !== 'unknown');
      assert.deepEqual(
        [state.status, state.capturable, state.captured, state.refunded],
        ['captured', 0n, 5_000n, 4_000n],
      );
    });

    it('lets go of what is held, and takes nothing after that', async () => {
      const { reference: payment } = await authorize(5_000n);
      const key = `void:${payment}`;
      assert.deepEqual(await processor().find({ operation: 'void', key, payment }), { outcome: 'absent' });
      assert.deepEqual((await processor().void({ key, payment })).outcome, 'succeeded');
      assert.deepEqual((await processor().void({ key, payment })).outcome, 'succeeded');
      assert.equal((await processor().find({ operation: 'void', key, payment })).outcome, 'succeeded');
      const late = await processor().capture({
        key: `capture:${payment}`,
        payment,
        money: eur(1n),
        final: true,
      });
      assert.deepEqual([late.outcome, 'code' in late && late.code], ['refused', 'payment_state']);
    });

    it('does one thing per key', async () => {
      const key = `authorize:${randomUUID()}`;
      const [one, other] = [await authorize(2_000n, key), await authorize(2_000n, key)];
      assert.equal(one.reference, other.reference);
      const changed = await processor().authorize({ key, money: eur(2_001n), paymentMethod: 'pm_card_visa' });
      assert.deepEqual([changed.outcome, 'code' in changed && changed.code], ['refused', 'key_reused']);
    });

    it('finds what a key has done, and says so when it has done nothing', async () => {
      const sentAt = new Date();
      const { key, reference: payment } = await authorize(7_000n);
      const found = await processor().find({ operation: 'authorize', key, sentAt });
      assert.deepEqual([found.outcome, 'reference' in found && found.reference], ['succeeded', payment]);
      const other = await processor().find({ operation: 'authorize', key: `${key}:other`, sentAt });
      assert.deepEqual(other, { outcome: 'absent' });
      for (const operation of ['capture', 'refund'] as const) {
        const one = { operation, key: `${operation}:${key}`, payment };
        assert.deepEqual(await processor().find(one), { outcome: 'absent' });
        const call = { key: one.key, payment, money: eur(7_000n) };
        if (operation === 'capture') await processor().capture({ ...call, final: true });
        else await processor().refund(call);
        const known = await processor().find(one);
        assert.deepEqual(
          [known.outcome, 'money' in known && known.money],
          ['succeeded', eur(7_000n)],
          operation,
        );
      }
    });

    it('says who declined and why', async () => {
      for (const [paymentMethod, code] of [
        ['pm_card_visa_chargeDeclined', 'card_declined'],
        ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
        ['pm_card_visa_chargeDeclinedLostCard', 'lost_or_stolen'],
        ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
        ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc'],
        ['pm_card_chargeDeclinedProcessingError', 'try_again_later'],
      ] as const) {
        const key = `authorize:${randomUUID()}`;
        const sentAt = new Date();
        const result = await processor().authorize({ key, money: eur(900n), paymentMethod });
        assert.deepEqual(
          [result.outcome, 'code' in result && result.code],
          ['declined', code],
          paymentMethod,
        );
        const found = await processor().find({ operation: 'authorize', key, sentAt });
        assert.deepEqual([found.outcome, 'code' in found && found.code], ['declined', code]);
      }
    });

    it('says when the customer has to act', async () => {
      const key = `authorize:${randomUUID()}`;
      const result = await processor().authorize({
        key,
        money: eur(900n),
        paymentMethod: 'pm_card_authenticationRequired',
        returnUrl: 'https://shop.example/back',
      });
      assert.ok(result.outcome === 'requires_action');
      assert.ok(result.redirectUrl);
    });

    it('knows no payment that is not there', async () => {
      assert.equal(await processor().payment('pi_0000000000000000'), null);
      const result = await processor().capture({
        key: `capture:${randomUUID()}`,
        payment: 'pi_0000000000000000',
        money: eur(100n),
        final: true,
      });
      assert.deepEqual([result.outcome, 'code' in result && result.code], ['refused', 'payment_not_found']);
    });
  });
}
