import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { OpaqueTokens } from './tokens.ts';

describe('opaque tokens', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const old = new OpaqueTokens({ current: 'a', keys: new Map([['a', first]]) });
  const rotated = new OpaqueTokens({
    current: 'b',
    keys: new Map([
      ['b', second],
      ['a', first],
    ]),
  });
  const without = new OpaqueTokens({ current: 'b', keys: new Map([['b', second]]) });

  it('lead back to their row, and are the same whenever they are issued', () => {
    const id = uuidv7();
    assert.equal(old.read('refresh', old.issue('refresh', id)), id);
    assert.equal(old.issue('refresh', id), old.issue('refresh', id));
  });

  it('are good for their kind alone', () => {
    const token = old.issue('invitation', uuidv7());
    assert.equal(old.read('passwordReset', token), null);
    assert.equal(old.read('passwordReset', token.replace('it_', 'rs_')), null);
  });

  it('survive a new key in the ring, and end with the key that they were derived from', () => {
    const id = uuidv7();
    const token = old.issue('emailChange', id);
    assert.equal(rotated.read('emailChange', token), id);
    assert.equal(without.read('emailChange', token), null);
    assert.equal(without.read('emailChange', rotated.issue('emailChange', id)), id);
  });

  it('are nothing when a single character differs', () => {
    const token = old.issue('refresh', uuidv7());
    for (let at = 0; at < token.length; at += 1)
      for (const other of 'abcdefghijklmnopABCDEFGHIJKLMNOP0123456789-_') {
        if (token[at] === other) continue;
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        assert.equal(old.read('refresh', changed), null, `${other} at ${at}`);
      }
  });
});
