import assert from 'node:assert/strict';
import examples from 'libphonenumber-js/mobile/examples';
import { Failure } from '../failure.ts';
import { normalisePhone, phoneKey } from './phone.ts';

const refused = (error: unknown): boolean =>
  error instanceof Failure && error.code === 'search.phone_invalid';

describe('Phone normalisation', () => {
  it('gives the E.164 form, the type and the region, and keeps what was written', () => {
    assert.deepEqual(normalisePhone('+1 (415) 555-2671'), {
      raw: '+1 (415) 555-2671',
      e164: '+14155552671',
      region: 'US',
      type: 'FIXED_LINE_OR_MOBILE',
      valid: true,
      national: '(415) 555-2671',
      international: '+1 415 555 2671',
      extension: null,
    });
  });

  it('reads five spellings of one number alike', () => {
    const spellings = [
      '+1 (415) 555-2671',
      '415.555.2671',
      '1-415-555-2671',
      '(415)5552671 ext. 12',
      'tel:+1-415-555-2671',
    ];
    assert.deepEqual([...new Set(spellings.map((text) => phoneKey(text, 'US')))], ['+14155552671']);
  });

  it('completes a local tel: URI by its phone-context', () => {
    assert.equal(normalisePhone('tel:03-331-6005;phone-context=+64').e164, '+6433316005');
    assert.equal(normalisePhone('tel:863-1234;phone-context=+1-914').e164, '+19148631234');
    assert.equal(normalisePhone('TEL:+1-415-555-2671;ext=22;phone-context=+44').extension, '22');
    assert.equal(normalisePhone('tel:415-555-2671;phone-context=example.com', 'us').e164, '+14155552671');
    assert.throws(() => normalisePhone('tel:7042;phone-context=example.com', 'US'), refused);
  });

  it('dials vanity words by the letters on the keys', () => {
    assert.equal(normalisePhone('1-800-FLOWERS', 'US').e164, '+18003569377');
    assert.equal(normalisePhone('+1 800 Flowers').e164, '+18003569377');
    assert.equal(normalisePhone('0800 REVERSE', 'GB').e164, '+448007383773');
    const withExtension = normalisePhone('1-800-GO-FEDEX ext. 7', 'US');
    assert.deepEqual([withExtension.e164, withExtension.extension], ['+18004633339', '7']);
  });

  it('never takes a note for a vanity word', () => {
    for (const text of [
      '555-2671 Bob',
      'call 415-555-2671',
      '415-555-2671 or 415-555-2672',
      'unknown',
      'n/a',
    ]) {
      assert.equal(phoneKey(text, 'US'), null, text);
    }
  });

  it('reads other scripts, invisible marks, international and trunk prefixes', () => {
    assert.equal(phoneKey('\u202a+1 415 555 2671\u202c'), '+14155552671');
    assert.equal(phoneKey('٠٧٤٠٠١٢٣٤٥٦', 'GB'), '+447400123456');
    assert.equal(phoneKey('+１ ４１５ ５５５ ２６７１'), '+14155552671');
    assert.equal(phoneKey('00 44 20 7946 0958', 'DE'), '+442079460958');
    assert.equal(phoneKey('+44 (0)20 7946 0958'), '+442079460958');
    assert.equal(phoneKey('020 7946 0958', 'uk'), '+442079460958');
  });

  it('knows numbers of no one country, and numbers that only have the right length', () => {
    assert.equal(normalisePhone('+800 1234 5678').region, null);
    const unassigned = normalisePhone('+1 555 267 1262');
    assert.deepEqual([unassigned.valid, unassigned.type], [false, null]);
  });

  it('refuses what is no number without repeating it', () => {
    const bad: [string, string?][] = [
      [''],
      ['   '],
      ['4155552671'],
      ['+1415555267'],
      ['911', 'US'],
      ['+999123456'],
    ];
    bad.push(['1'.repeat(24), 'US'], ['9'.repeat(10_000), 'US'], ['sip:+14155552671@example.com', 'US']);
    for (const [text, region] of bad) {
      assert.throws(
        () => normalisePhone(text, region),
        (error) => refused(error) && (text.trim() === '' || !(error as Failure).message.includes(text)),
      );
    }
    assert.throws(() => normalisePhone('415-555-2671', 'Atlantis'), refused);
    assert.equal(phoneKey('415-555-2671', 'Atlantis'), null);
    assert.equal(phoneKey('+1 415-555-2671', 'Atlantis'), '+14155552671');
  });

  it('reads the example mobile number of every region as mobile, from its national and its E.164 form', () => {
    const entries = Object.entries(examples);
    const right = entries.filter(([region, national]) => {
      const number = normalisePhone(national, region);
      const again = normalisePhone(number.e164);
      return (
        number.valid &&
        again.e164 === number.e164 &&
        /MOBILE/.test(number.type ?? '') &&
        again.type === number.type
      );
    });
    assert.ok(entries.length > 200);
    assert.ok(right.length / entries.length >= 0.996, `${right.length} of ${entries.length}`);
  });
});
