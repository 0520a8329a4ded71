import assert from 'node:assert/strict';
import { sample } from '../../test/support/senders.ts';
import { refundsToldBy } from '../../platform/payments/stripe-refunds.ts';
import { parseExact } from '../webhooks/inbound/exact-json.ts';
import { readShopifyRefund, toShopRefund } from './shop-refund.ts';

describe('A refund that was made elsewhere', () => {
  const told = readShopifyRefund(parseExact(sample('refunds__create.bigint.json')));

  it('is read to the cent as a shop tells it, with its long names whole', () => {
    assert.equal(told.orderId, '820982911946154508');
    const { lines, ...refund } = toShopRefund(told.refund, 'USD');
    assert.deepEqual(refund, {
      reference: '890088186047892319',
      amount: 8_500n,
      currency: 'USD',
      state: 'succeeded',
    });
    assert.deepEqual(lines[0], { externalId: '487817672276298554', quantity: 1, returned: false });
    assert.equal(lines.length, 5);
  });

  it('is what its transactions move', () => {
    const of = (...transactions: object[]) => {
      const { refund } = readShopifyRefund({ id: 1, order_id: 2, transactions });
      const { amount, currency, state } = toShopRefund(refund, 'EUR');
      return [amount, currency, state];
    };
    const moves = (status: string, more: object = {}) => ({
      kind: 'refund',
      status,
      amount: '5.00',
      ...more,
    });
    assert.deepEqual(of(), [0n, 'EUR', 'succeeded'], 'units alone');
    assert.deepEqual(of(moves('success'), moves('failure')), [500n, 'EUR', 'succeeded']);
    assert.deepEqual(of(moves('success'), moves('pending')), [1_000n, 'EUR', 'pending']);
    assert.deepEqual(of(moves('error')), [0n, 'EUR', 'failed']);
    assert.deepEqual(of(moves('success', { kind: 'void' })), [0n, 'EUR', 'succeeded']);
    assert.deepEqual(of(moves('success', { currency: 'JPY', amount: '700' })), [700n, 'JPY', 'succeeded']);
  });

  it('is read as Stripe tells it: one, or all of a charge', () => {
    assert.deepEqual(refundsToldBy(JSON.parse(sample('stripe.charge.refunded.json'))), {
      payment: 'ch_000000000000000000000000',
      refunds: [
        {
          reference: 're_000000000000000000000000',
          key: null,
          money: { amount: 100n, currency: 'USD' },
          state: 'succeeded',
          code: null,
        },
      ],
      total: { amount: 100n, currency: 'USD' },
    });
    const one = { object: 'refund', id: 're_1', amount: 5, currency: 'jpy', status: 'canceled' };
    assert.deepEqual(refundsToldBy({ data: { object: { ...one, metadata: { idempotency_key: 'k' } } } }), {
      payment: null,
      refunds: [
        {
          reference: 're_1',
          key: 'k',
          money: { amount: 5n, currency: 'JPY' },
          state: 'failed',
          code: 'canceled',
        },
      ],
      total: null,
    });
    assert.equal(refundsToldBy({ data: { object: { object: 'dispute' } } }), null);
  });

  it('is none when Stripe lets go of what was held and not taken', () => {
    const let_go = {
      object: 'refund',
      id: 're_1',
      amount: 1_490,
      currency: 'eur',
      status: 'succeeded',
      payment_intent: 'pi_1',
      balance_transaction: null,
    };
    assert.deepEqual(refundsToldBy({ data: { object: let_go } })?.refunds, []);
    const waiting = { ...let_go, status: 'pending' };
    assert.equal(refundsToldBy({ data: { object: waiting } })?.refunds.length, 1, 'it is under way');
    const charge = (amount_captured: number, amount_refunded: number) =>
      refundsToldBy({
        data: {
          object: {
            object: 'charge',
            id: 'ch_1',
            payment_intent: 'pi_1',
            amount: 3_490,
            amount_captured,
            amount_refunded,
            currency: 'eur',
            refunds: { data: [let_go] },
          },
        },
      });
    assert.deepEqual(charge(2_000, 1_490)?.total, { amount: 0n, currency: 'EUR' }, 'taken in part');
    assert.deepEqual(charge(2_000, 1_990)?.total?.amount, 500n, 'and then given back in part');
    assert.deepEqual(charge(0, 3_490)?.total?.amount, 0n, 'let go whole');
    assert.deepEqual(charge(3_490, 490)?.total?.amount, 490n);
    assert.deepEqual(charge(2_000, 1_490)?.refunds, []);
  });
});
