import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ErasedAddresses } from './erased-address.ts';

describe('addresses that were forgotten', () => {
  const [old, young] = [randomBytes(32), randomBytes(32)];
  const before = new ErasedAddresses({ current: 'a', keys: new Map([['a', old]]) });
  const after = new ErasedAddresses({
    current: 'b',
    keys: new Map([
      ['a', old],
      ['b', young],
    ]),
  });

  it('are found again by the address in any case, also when another key has become the current one', () => {
    const kept = before.inPlaceOf('one', 'Ada@Example.com');
    assert.match(kept, /^[0-9a-f]{64}@erased\.invalid$/);
    assert.equal(before.inPlaceOf('one', ' ada@example.com '), kept);
    const spellings = after.spellingsOf('one', 'ada@example.COM');
    assert.equal(spellings.plain, 'ada@example.com');
    assert.deepEqual(spellings.erased, [after.inPlaceOf('one', 'ada@example.com'), kept]);
  });

  it('are told apart, and are others in another organisation or under another key', () => {
    const all = [
      before.inPlaceOf('one', 'ada@example.com'),
      before.inPlaceOf('one', 'bob@example.com'),
      before.inPlaceOf('two', 'ada@example.com'),
      after.inPlaceOf('one', 'ada@example.com'),
    ];
    assert.equal(new Set(all).size, all.length);
  });
});
