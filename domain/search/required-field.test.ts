import assert from 'node:assert/strict';
import { isRequirable, missingField } from './required-field.ts';

describe('Required fields', () => {
  it('are there when they say something', () => {
    const fields = {
      surname: 'Lovelace',
      city: ' ',
      phones: ['+44 20 7946 0958'],
      attributes: { title: 'Countess' },
    };
    assert.equal(missingField(fields, ['surname', 'phones', 'attributes.title']), null);
    assert.equal(missingField(fields, ['surname', 'city']), 'city');
    assert.equal(missingField(fields, ['emails']), 'emails');
    assert.equal(missingField(fields, ['attributes.rank']), 'attributes.rank');
  });

  it('tell mobile numbers from fixed lines where the number itself does', () => {
    const fixed = { phones: ['020 7946 0958'], country: 'GB' };
    const mobile = { phones: ['nonsense', '+44 7400 123456'] };
    assert.deepEqual(
      [missingField(fixed, ['phones.mobile']), missingField(fixed, ['phones.fixed_line'])],
      ['phones.mobile', null],
    );
    assert.deepEqual(
      [missingField(mobile, ['phones.mobile']), missingField(mobile, ['phones.fixed_line'])],
      [null, 'phones.fixed_line'],
    );
    assert.equal(missingField({ phones: ['+1 415 555 2671'] }, ['phones.mobile', 'phones.fixed_line']), null);
  });

  it('have known names', () => {
    assert.deepEqual(['phones.mobile', 'emails', 'attributes.x', 'shoes', 'attributes.'].map(isRequirable), [
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
