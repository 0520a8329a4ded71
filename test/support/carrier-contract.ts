import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Carrier, PostalAddress, Shipment } from '../../platform/carriers/carrier.ts';

const none = { company: null, street2: null, phone: null, email: null };
const sender: PostalAddress = {
  ...none,
  name: 'Workshop',
  street1: '388 Townsend St',
  city: 'San Francisco',
  region: 'CA',
  postalCode: '94107',
  country: 'US',
};
export const sendsTo: PostalAddress = {
  ...none,
  name: 'Receiver',
  street1: '179 N Harbor Dr',
  city: 'Redondo Beach',
  region: 'CA',
  postalCode: '90277',
  country: 'US',
};

export function parcelTo(to: PostalAddress, weightGrams = 400): Shipment {
  return { from: sender, to, parcel: { weightGrams, lengthMm: 300, widthMm: 200, heightMm: 50 } };
}

/** What every carrier keeps to, whoever answers behind it: the simulator, or the real one with a test key. */
export function carrierContract(name: string, carrier: () => Carrier): void {
  describe(`${name} keeps the contract of a carrier`, () => {
    it('offers rates, the cheapest first', async () => {
      const result = await carrier().rates(parcelTo(sendsTo));
      assert.ok(result.outcome === 'succeeded');
      const amounts = result.value.map(({ amount }) => amount);
      assert.ok(amounts.length > 0 && amounts.every((amount) => amount > 0n));
      assert.deepEqual(
        amounts,
        amounts.toSorted((a, b) => (a < b ? -1 : 1)),
      );
    });

    it('sells one label per key, finds it by its key, follows it and takes it back', async () => {
      const key = `label:${randomUUID()}`;
      const before = await carrier().findLabel(key);
      assert.deepEqual(before, { outcome: 'succeeded', value: null });
      const bought = await carrier().buyLabel({ key, ...parcelTo(sendsTo) });
      assert.ok(bought.outcome === 'succeeded');
      assert.deepEqual(await carrier().buyLabel({ key, ...parcelTo(sendsTo) }), bought);
      assert.deepEqual(await carrier().findLabel(key), bought);
      const { reference, trackerReference, trackingNumber } = bought.value;
      for (const tracker of [trackerReference, null]) {
        const tracked = await carrier().track({ reference: tracker, trackingNumber, carrier: null });
        assert.ok(tracked.outcome === 'succeeded');
        assert.equal(tracked.value.trackingNumber, trackingNumber);
      }
      for (const round of [1, 2]) {
        const voided = await carrier().voidLabel(reference);
        assert.ok(voided.outcome === 'succeeded', `round ${round}`);
      }
    });

    it('says what it will never take, without the address', async () => {
      const nowhere = { ...sendsTo, street1: 'Planted Street', city: 'Not A City', region: 'ZZ' };
      const result = await carrier().buyLabel({ key: `label:${randomUUID()}`, ...parcelTo(nowhere) });
      assert.ok(result.outcome === 'refused');
      assert.ok(['address_invalid', 'no_rates'].includes(result.code), result.code);
      assert.doesNotMatch(result.message, /Planted/);
      const heavy = await carrier().buyLabel({
        key: `label:${randomUUID()}`,
        ...parcelTo(sendsTo, 90_000),
      });
      assert.ok(heavy.outcome === 'refused');
    });

    it('knows no label and no parcel that is not there', async () => {
      const voided = await carrier().voidLabel('shp_00000000000000000000000000000000');
      assert.ok(voided.outcome === 'refused' && voided.code === 'label_not_found');
      const tracked = await carrier().track({
        reference: 'trk_00000000000000000000000000000000',
        trackingNumber: '0',
        carrier: null,
      });
      assert.ok(tracked.outcome === 'refused' && tracked.code === 'tracker_not_found');
    });
  });
}
