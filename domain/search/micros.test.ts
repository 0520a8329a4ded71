import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decimalPattern, formatDecimal, parseDecimal } from './micros.ts';

describe('Amounts in millionths', () => {
  it('are written with two to six places', () => {
    assert.deepEqual([0n, 1n, 12_500n, 50_000n, 1_000_000n, 12_345_678_901n].map(formatDecimal), [
      '0.00',
      '0.000001',
      '0.0125',
      '0.05',
      '1.00',
      '12345.678901',
    ]);
    assert.equal(formatDecimal(-30_000n), '-0.03');
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 17n), (micros) => parseDecimal(formatDecimal(micros)) === micros),
    );
  });

  it('are nothing else', () => {
    for (const text of ['', '-1', '+1', '1e3', '.5', '1.', '1.0000001', '1,5', ' 1', '1234567890123']) {
      assert.ok(!decimalPattern.test(text), text);
      assert.throws(() => parseDecimal(text), RangeError);
    }
  });
});
