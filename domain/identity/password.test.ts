import assert from 'node:assert/strict';
import { Failure } from '../failure.ts';
import { commonPasswords } from './common-passwords.ts';
import { normalisePassword, passwordLength, requireGoodPassword } from './password.ts';

describe('a password', () => {
  const known = ['ada.lovelace@example.com', 'Ada Lovelace', 'Analytical Engines'];
  const isGood = (password: string): boolean => {
    try {
      requireGoodPassword(password, known);
      return true;
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return false;
    }
  };

  it('is good without digits, capitals or signs, in any script', () => {
    for (const password of [
      'plenty of purple penguins',
      'много синих китов',
      '東京特許許可局許可局長今日',
      'x9!'.repeat(3) + 'qwp',
    ]) {
      assert.ok(isGood(password), password);
    }
  });

  it('has 12 to 128 characters, counted as people count them', () => {
    assert.equal(passwordLength.least, 12);
    assert.equal(isGood('abcdefghij!'), false);
    assert.equal(isGood('🦔🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵'), false);
    assert.ok(isGood('🦔🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔'));
    assert.equal(isGood('ab1c'.repeat(33)), false);
  });

  it('is not one of the commonest, nor one character over and over', () => {
    assert.ok(commonPasswords.size > 100);
    assert.equal(isGood('Password123456'), false);
    assert.equal(isGood('ababababababab'), false);
  });

  it('is not made of what everybody knows of the account', () => {
    for (const password of [
      'ada.lovelace@example.com',
      'AdaLovelace1815',
      'lovelace-example',
      'AnalyticalEngines1',
    ]) {
      assert.equal(isGood(password), false, password);
    }
    assert.ok(isGood('lovelace and a long sentence behind'));
  });

  it('is the same however its letters were put together', () => {
    assert.equal(normalisePassword('caf\u00e9'), normalisePassword('cafe\u0301'));
  });
});
