import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { MailTokens, mostBeforeToken } from './mail-tokens.ts';

const key = randomBytes(32);
const ring = (current: string, keys: [string, Buffer][]) => ({ current, keys: new Map(keys) });

describe('Tokens of mails', () => {
  const tokens = new MailTokens(ring('a', [['a', key]]));

  it('name a delivery, in capitals too, and after the key was rotated; the first digits may be nought', () => {
    const rotated = new MailTokens(
      ring('b', [
        ['b', randomBytes(32)],
        ['a', key],
      ]),
    );
    for (const id of [
      uuidv7(),
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ]) {
      const token = tokens.issue(id);
      assert.equal(token, tokens.issue(id), 'a mail that is sent again bears the same name');
      assert.equal(tokens.read(token), id);
      assert.equal(tokens.read(token.toUpperCase()), id);
      assert.equal(rotated.read(token), id);
      assert.equal(new MailTokens(ring('c', [['c', randomBytes(32)]])).read(token), null);
    }
  });

  it('fit into the local part of an address', () => {
    assert.equal('x'.repeat(mostBeforeToken).length + 1 + tokens.issue(uuidv7()).length, 64);
  });

  it('are good for nothing once any of their characters is another', () => {
    const token = tokens.issue(uuidv7());
    for (let place = 0; place < token.length; place += 1)
      for (const other of ['0', 'v', '7', 'z', '.']) {
        if (token[place] === other) continue;
        assert.equal(tokens.read(`${token.slice(0, place)}${other}${token.slice(place + 1)}`), null);
      }
    for (const none of ['', token.slice(1), `${token}0`, ` ${token}`]) assert.equal(tokens.read(none), null);
  });
});
