import assert from 'node:assert/strict';
import fc from 'fast-check';
import { orderWith, sample } from '../../../test/support/senders.ts';
import type { Failure } from '../../failure.ts';
import { retryAfter, retryGaps } from './event-state.ts';
import { parseExact } from './exact-json.ts';
import { at, momentOf } from './pointer.ts';
import { isStale } from './precedence.ts';
import { readShopify } from './read-shopify.ts';
import { readStripe } from './read-stripe.ts';

describe('the rules of webhooks that come in', () => {
  it('lose no digit of an ID, and change no other value', () => {
    const text = sample('orders__create.bigint.json');
    const order = parseExact(text);
    assert.equal(at('/id', order), '820982911946154508');
    assert.equal(at('/line_items/0/id', order), '487817672276298554');
    assert.deepEqual(parseExact('{"a":[1,-2.5,"9007199254740993",true,null]}'), {
      a: [1, -2.5, '9007199254740993', true, null],
    });
    assert.equal(at('/n', parseExact('{"n":-9007199254740993}')), '-9007199254740993');
    fc.assert(
      fc.property(fc.json(), (json) => {
        const plain = JSON.parse(json) as unknown;
        const big = /\d{16}/.test(json) || /e/i.test(json);
        if (!big && !json.includes('__proto__')) assert.deepEqual(parseExact(json), plain);
      }),
    );
  });

  it('refuse what is not JSON or nested without end', () => {
    for (const text of ['{', '[1,]', '['.repeat(100_000), '{"a":'.repeat(65) + '1' + '}'.repeat(65)])
      assert.throws(
        () => parseExact(text),
        (error: Failure) => error.code === 'webhooks.body_malformed',
      );
    assert.deepEqual(parseExact('{"a":"[[[\\"{{{"}'), { a: '[[["{{{' });
  });

  it('wait ever longer, a fifth more or less, and end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: retryGaps.length }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, c) => {
          const gap = retryAfter(n, c) ?? Number.NaN;
          const nominal = retryGaps[n - 1] ?? Number.NaN;
          assert.ok(gap >= nominal * 0.8 && gap <= nominal * 1.2 + 1e-6);
        },
      ),
    );
    assert.equal(retryAfter(retryGaps.length + 1, 0), null);
  });

  it('take the newest by the sender’s clock, whatever comes last; what has ended stays so', () => {
    const t = (second: number) => new Date(second * 1_000);
    const known = { stateAt: t(10), rank: 1, final: false };
    assert.equal(isStale(known, { occurredAt: t(9), rank: 9, final: false }), true);
    assert.equal(isStale(known, { occurredAt: t(10), rank: 0, final: false }), true);
    assert.equal(isStale(known, { occurredAt: t(10), rank: 1, final: false }), false);
    assert.equal(isStale(known, { occurredAt: t(11), rank: 0, final: false }), false);
    assert.equal(isStale(known, { occurredAt: null, rank: 0, final: false }), false);
    assert.equal(isStale({ ...known, final: true }, { occurredAt: t(99), rank: 9, final: false }), true);
    assert.equal(isStale({ ...known, final: true }, { occurredAt: t(99), rank: 9, final: true }), false);
  });

  it('read a moment with an offset, in seconds, and nothing else', () => {
    assert.equal(momentOf('2021-12-31T19:00:00-05:00')?.toISOString(), '2022-01-01T00:00:00.000Z');
    assert.equal(momentOf(1_648_320_033)?.toISOString(), '2022-03-26T18:40:33.000Z');
    for (const wrong of ['soon', '', null, {}, Number.MAX_VALUE, '99999-01-01'])
      assert.equal(momentOf(wrong), null);
  });

  it('tell of an order what is no person’s, and of a payment what it is of', () => {
    const reading = readShopify({
      topic: 'orders/create',
      headers: {},
      body: parseExact(orderWith('820982911946154508', '2026-01-01T00:00:00Z')),
    });
    assert.equal(reading?.event, 'webhook.order_created');
    assert.deepEqual(reading?.entity, { kind: 'order', externalId: '820982911946154508' });
    assert.doesNotMatch(JSON.stringify(reading), /@|Steve|Shipper|Address/);
    const payment = readStripe({
      topic: 'payment_intent.succeeded',
      headers: {},
      body: parseExact(sample('stripe.payment_intent.succeeded.json')),
    });
    assert.equal(payment?.event, 'webhook.payment_succeeded');
    assert.deepEqual(payment?.subjects, ['stripe:payment_intent:pi_000000000000000000000000']);
    assert.equal(readStripe({ topic: 'invoice.paid', headers: {}, body: {} }), null);
  });

  it('let a refund wait for what it is of, by every digit, and for its own end', () => {
    const shop = readShopify({
      topic: 'refunds/create',
      headers: {},
      body: parseExact(sample('refunds__create.bigint.json')),
    });
    assert.equal(shop?.event, 'webhook.order_refunded');
    assert.deepEqual(shop?.entity, { kind: 'refund', externalId: '890088186047892319' });
    assert.deepEqual(shop?.subjects, ['shopify:order:820982911946154508']);
    assert.doesNotMatch(JSON.stringify(shop), /damaged/);
    const tell = (topic: string, created: number) =>
      readStripe({
        topic,
        headers: {},
        body: { created, data: { object: { object: 'refund', id: 're_1', payment_intent: 'pi_1' } } },
      });
    const failed = tell('refund.failed', 10);
    assert.ok(failed);
    assert.deepEqual(failed.subjects, ['stripe:payment_intent:pi_1']);
    const known = { stateAt: failed.occurredAt, rank: failed.rank, final: failed.final };
    for (const topic of ['refund.created', 'refund.updated', 'charge.refund.updated']) {
      const late = tell(topic, 10);
      assert.ok(late && isStale(known, late), topic);
      assert.equal(late.event, 'webhook.payment_refunded');
    }
  });
});
