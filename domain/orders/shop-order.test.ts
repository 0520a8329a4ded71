import assert from 'node:assert/strict';
import { Failure } from '../failure.ts';
import { readDesignName, readShopifyOrder } from './shop-order.ts';
import { minorUnits } from './shop-values.ts';

const body = {
  id: '820982911946154508',
  currency: 'USD',
  financial_status: 'paid',
  cancelled_at: null,
  email: 'ada@example.com',
  customer: { first_name: 'Ada', last_name: 'Lovelace' },
  shipping_address: { name: 'Ada', address1: 'Street 1', city: 'Town', zip: '12345', country_code: 'US' },
  total_shipping_price_set: { shop_money: { amount: '10.00' } },
  line_items: [
    {
      id: '487817672276298554',
      sku: 'GLASSES',
      title: 'Glasses',
      quantity: 2,
      price: '89.99',
      discount_allocations: [{ amount: '5.00' }, { amount: '0.50' }],
      tax_lines: [{ price: '3.10' }],
    },
    { id: 7, sku: null, variant_id: 12, title: 'Case', quantity: 1, price: '9.00' },
    { id: 8, sku: '', variant_id: null, name: 'Wrapping', quantity: 1, price: '1.00' },
  ],
};

describe('An order of a shop', () => {
  it('is read to the cent, with its long names whole', () => {
    const order = readShopifyOrder(body);
    assert.equal(order.externalId, '820982911946154508');
    assert.deepEqual(
      [order.currency, order.paid, order.cancelled, order.shipping],
      ['USD', true, false, 1_000n],
    );
    assert.deepEqual(order.customer, { email: 'ada@example.com', name: 'Ada Lovelace', phone: null });
    assert.deepEqual(
      order.lines.map(({ sku, unitPrice, discount, tax }) => [sku, unitPrice, discount, tax]),
      [
        ['GLASSES', 8_999n, 550n, 310n],
        ['variant:12', 900n, 0n, 0n],
        ['line:8', 100n, 0n, 0n],
      ],
    );
    assert.equal(order.shippingAddress?.postcode, '12345');
  });

  it('has its taxes in the price, where the shop says so', () => {
    assert.equal(readShopifyOrder({ ...body, taxes_included: true }).lines[0]?.tax, 0n);
    const without = readShopifyOrder({
      ...body,
      shipping_address: { city: 'Town' },
      cancelled_at: '2026-11-28',
    });
    assert.deepEqual([without.shippingAddress, without.cancelled], [null, true]);
  });

  it('names a design by a property of a line, and is readable whatever else stands among its properties', () => {
    const [line] = body.line_items;
    const designOf = (properties: unknown) =>
      readShopifyOrder({ ...body, line_items: [{ ...line, properties }] }).lines[0]?.design;
    const id = '01989b2e-0000-7000-8000-000000000001';
    const named = { name: '_perdure_design', value: `${id}:3` };
    assert.equal(designOf([{ name: 'Engraving', value: 'Bella' }, named]), `${id}:3`);
    assert.equal(designOf([{ ...named, value: '' }]), null);
    assert.equal(designOf([{ ...named, value: { a: 1 } }]), null);
    for (const none of [[], null, undefined, 'none', [7]]) assert.equal(designOf(none), null);

    assert.deepEqual(readDesignName(`${id}:3`), { id, version: 3 });
    assert.deepEqual(readDesignName(` ${id.toUpperCase()} `), { id, version: null });
    for (const name of ['Bella', `${id}:0`, `${id}:1e3`, `${id}:9999999999`, `${id}:`, `${id}1`])
      assert.equal(readDesignName(name), null, name);
  });

  it('is refused without a word of what stands in it', () => {
    const broken = { ...body, line_items: [{ ...body.line_items[0], price: 'ada@example.com' }] };
    assert.throws(
      () => readShopifyOrder(broken),
      (error) =>
        error instanceof Failure &&
        error.code === 'orders.shop_order_unreadable' &&
        !JSON.stringify([error.message, error.details]).includes('ada@') &&
        JSON.stringify(error.details).includes('/line_items/0/price'),
    );
  });

  it('is refused when no database could count it', () => {
    const [line] = body.line_items;
    for (const change of [{ price: '-1.00' }, { price: '1'.repeat(15) }, { quantity: 2 ** 40 }])
      assert.throws(() => readShopifyOrder({ ...body, line_items: [{ ...line, ...change }] }), {
        code: 'orders.shop_order_unreadable',
      });
  });

  it('loses what is in no text: U+0000, and the half of a character that was cut', () => {
    const customer = { first_name: 'A\0da', last_name: 'L\ud83d' };
    assert.equal(readShopifyOrder({ ...body, customer }).customer.name, 'Ada L\ufffd');
  });

  it('counts in the minor units of its currency', () => {
    assert.equal(minorUnits('12.34', 'EUR'), 1_234n);
    assert.equal(minorUnits('12', 'EUR'), 1_200n);
    assert.equal(minorUnits('1234.00', 'JPY'), 1_234n);
    assert.equal(minorUnits('1.234', 'KWD'), 1_234n);
    assert.equal(minorUnits('-0.50', 'USD'), -50n);
    assert.equal(minorUnits('900719925474099.31', 'USD'), 90_071_992_547_409_931n);
  });
});
