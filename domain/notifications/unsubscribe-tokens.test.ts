import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { categories } from './categories.ts';
import { UnsubscribeTokens } from './unsubscribe-tokens.ts';

const key = randomBytes(32);
const ring = (current: string, keys: [string, Buffer][]) => ({ current, keys: new Map(keys) });

describe('Tokens to unsubscribe', () => {
  const tokens = new UnsubscribeTokens(ring('a', [['a', key]]));
  const addressId = uuidv7();

  it('name an address and a category, and are read again, also after the key was rotated', () => {
    const rotated = new UnsubscribeTokens(
      ring('b', [
        ['b', randomBytes(32)],
        ['a', key],
      ]),
    );
    for (const category of categories) {
      const token = tokens.issue(addressId, category);
      assert.deepEqual(tokens.read(token), { addressId, category });
      assert.deepEqual(rotated.read(token), { addressId, category });
    }
  });

  it('are good for nothing once any of their characters is another', () => {
    const token = tokens.issue(addressId, 'batches');
    for (let place = 0; place < token.length; place += 1)
      for (const other of ['a', 'b', '1', '.', '-']) {
        if (token[place] === other) continue;
        const forged = `${token.slice(0, place)}${other}${token.slice(place + 1)}`;
        assert.equal(tokens.read(forged), null, forged);
      }
    assert.equal(tokens.read(token.replace('batches', 'orders')), null);
    assert.equal(tokens.read(''), null);
  });
});
