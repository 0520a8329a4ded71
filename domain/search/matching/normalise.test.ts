import assert from 'node:assert/strict';
import { readAddress } from './address.ts';
import { birthDateDigits, readBirthDate } from './birth-date.ts';
import { readName } from './person-name.ts';
import { fold } from './text.ts';

describe('normalising a person', () => {
  it('folds every script into Latin words', () => {
    const folded: [string, string][] = [
      ['Иванов', 'ivanov'],
      ['Παπαδόπουλος', 'papadopoylos'],
      ['王小明', 'wang xiao ming'],
      ['김철수', 'gim cheol su'],
      ['Łukasz O’Brien-Müller', 'lukasz obrien muller'],
      ['ＡＤＡ\u200b', 'ada'],
      ['…', ''],
    ];
    for (const [raw, expected] of folded) assert.equal(fold(raw), expected);
  });

  it('reads dates of birth in the forms that people write', () => {
    const dates: [string, string | null][] = [
      ['1980-05-17', '19800517'],
      ['1980-05-17T00:00:00Z', '19800517'],
      ['19800517', '19800517'],
      ['17/05/1980', '19800517'],
      ['05/17/1980', '19800517'],
      ['3.4.1980', '19800403'],
      ['17 May 1980', '19800517'],
      ['May 17, 1980', '19800517'],
      ['1980-05', '19800500'],
      ['1980', '19800000'],
      ['unknown', null],
      ['', null],
    ];
    for (const [raw, expected] of dates) {
      const born = readBirthDate(raw);
      assert.equal(born && birthDateDigits(born), expected, raw);
    }
  });

  it('splits full names, with particles, titles and the surname first', () => {
    const names: [string, string[], string[]][] = [
      ['Ada Lovelace', ['ada'], ['lovelace']],
      ['Dr. Ada King Lovelace', ['ada'], ['lovelace']],
      ['Lovelace, Ada King', ['ada'], ['lovelace']],
      ['Vincent van den Berg', ['vincent'], ['van', 'den', 'berg']],
      ['王小明', ['xiaoming'], ['wang']],
      ['Prince', [], ['prince']],
    ];
    for (const [full_name, given, surname] of names) {
      const name = readName({ full_name });
      assert.deepEqual([name.given, name.surname], [given, surname], full_name);
    }
  });

  it('takes number and postcode out of a free-form address, and long and short forms as one', () => {
    const address = readAddress({ address: '27 N Washington Blvd, Oak Park IL 60302' });
    assert.equal(address.number, '27');
    assert.equal(address.postcode, '60302');
    assert.deepEqual(address.lines.loose, ['north', 'washington', 'boulevard', 'oak', 'park', 'il']);
    assert.deepEqual(
      readAddress({ street: '12 Bank St.' }),
      readAddress({ street_number: '12', street: 'bank street' }),
    );
    assert.equal(readAddress({ postcode: '60302-1234' }).postcode, '60302');
  });
});
