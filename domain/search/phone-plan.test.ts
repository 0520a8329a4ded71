import assert from 'node:assert/strict';
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { readInternational } from './phone-plan.ts';
import { normalisePhone } from './phone.ts';

describe('a number that is read from its digits', () => {
  const codes = [
    ...new Set(getCountries().map((country) => getCountryCallingCode(country))),
    '800',
    '808',
    '870',
    '878',
    '979',
  ];
  let state = 20_261_128;
  const digit = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 16) % 10;
  };

  it('is what the parser says, in every country', () => {
    let read = 0;
    for (const code of codes) {
      for (let time = 0; time < 1_200; time += 1) {
        const length = 5 + ((time * 7) % 9);
        const text = `+${code}${Array.from({ length }, digit).join('')}`;
        const ours = readInternational(text);
        if (!ours) continue;
        read += 1;
        const theirs = parsePhoneNumberFromString(text, { extract: false });
        assert.deepEqual(
          ours,
          { e164: theirs?.number, region: theirs?.country ?? null, type: theirs?.getType() },
          text,
        );
        assert.ok(theirs?.isPossible(), text);
        if (time % 10 !== 0) continue;
        const { national, international } = normalisePhone(text);
        assert.deepEqual(
          [national, international],
          [theirs?.formatNational(), theirs?.formatInternational()],
          text,
        );
      }
    }
    assert.ok(read > 10_000, `${read} numbers were read`);
  });

  it('is also one with what people write between the digits', () => {
    for (const text of ['+1 (312) 200-0000', '+44 20.7946.0958', '+49-30-123456', '+1 312 200 0000']) {
      const theirs = parsePhoneNumberFromString(text, { extract: false });
      assert.equal(readInternational(text)?.e164, theirs?.number, text);
    }
  });

  for (const text of [
    '+44 (0)20 7946 0958',
    '+1 312 200 0000 ext. 5',
    '+1312',
    '3122000000',
    '+999123456789',
    '+0123456789',
    '+',
  ])
    it(`is left to the parser: ${text}`, () => assert.equal(readInternational(text), null));
});
