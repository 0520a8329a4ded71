import assert from 'node:assert/strict';
import { measureParcel, type PackedUnits } from './parcel.ts';

const unit = (change: Partial<PackedUnits> = {}): PackedUnits => ({
  sku: 'MUG',
  quantity: 1,
  weightGrams: 400,
  size: { lengthMm: 100, widthMm: 120, heightMm: 90 },
  ...change,
});

describe('The measures of a parcel', () => {
  it('add weights up, and lay one unit upon the other', () => {
    assert.deepEqual(measureParcel([unit({ quantity: 3 })]), {
      kind: 'parcel',
      weightGrams: 1_200,
      size: { lengthMm: 120, widthMm: 100, heightMm: 270 },
    });
    const poster = unit({ sku: 'POSTER', weightGrams: 50, size: { lengthMm: 5, widthMm: 700, heightMm: 5 } });
    assert.deepEqual(measureParcel([unit(), poster]), {
      kind: 'parcel',
      weightGrams: 450,
      size: { lengthMm: 700, widthMm: 100, heightMm: 95 },
    });
  });

  it('are of weight alone where something is not measured', () => {
    const parcel = measureParcel([unit(), unit({ sku: 'CAP', size: null })]);
    assert.deepEqual(parcel, { kind: 'parcel', weightGrams: 800, size: null });
  });

  it('name each thing once that nobody has weighed', () => {
    const units = [unit(), unit({ sku: 'CAP', weightGrams: null }), unit({ sku: 'CAP', weightGrams: null })];
    assert.deepEqual(measureParcel(units), { kind: 'unweighed', skus: ['CAP'] });
  });

  it('take no account of what weighs nothing, and need no carrier for nothing else', () => {
    const voucher = unit({ sku: 'VOUCHER', weightGrams: 0, size: null });
    assert.deepEqual(measureParcel([voucher]), { kind: 'weightless' });
    const parcel = measureParcel([unit(), voucher]);
    assert.deepEqual(parcel.kind === 'parcel' && parcel.size, {
      lengthMm: 120,
      widthMm: 100,
      heightMm: 90,
    });
  });
});
