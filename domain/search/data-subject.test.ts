import assert from 'node:assert/strict';
import { Failure } from '../failure.ts';
import { recogniserOf, textsIn, type DataSubject } from './data-subject.ts';

describe('who wants to be forgotten', () => {
  const recognises = (subject: DataSubject, ...texts: string[]): boolean =>
    recogniserOf(subject).holds(texts);

  it('is recognised by an address in any spelling, and among others', () => {
    const subject = { emails: ['Ada.Lovelace@Example.com'] };
    assert.ok(recognises(subject, 'x', 'ada.lovelace@example.com'));
    assert.ok(recognises(subject, 'other@example.com; ADA.LOVELACE@EXAMPLE.COM'));
    assert.equal(recognises(subject, 'ada@example.com', 'Ada Lovelace'), false);
  });

  it('is recognised by a number in any spelling', () => {
    const subject = { phones: ['+49 30 901820'] };
    for (const spelling of ['+4930901820', '0049 30 901820', '(030) 90 18 20', '030/901820'])
      assert.ok(recognises(subject, spelling), spelling);
    assert.equal(recognises(subject, '+49 30 901821'), false);
    assert.ok(recognises({ phones: ['030 901820'], country: 'DE' }, '+49 30 901820'));
  });

  it('is recognised by name and day of birth together, never by one of them', () => {
    const subject = { name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    assert.ok(recognises(subject, 'LOVELACE', 'Ada', '10/12/1815'));
    assert.ok(recognises(subject, 'Ada King Lovelace', '18151210'));
    assert.equal(recognises(subject, 'Ada Lovelace', '1815-12-11'), false);
    assert.equal(recognises(subject, 'Ada Byron', '1815-12-10'), false);
  });

  it('is recognised in what a provider has answered, however deep', () => {
    const facts = { line: { numbers: [{ e164: '+4930901820' }] }, n: 1, none: null };
    assert.ok(recogniserOf({ phones: ['+4930901820'] }).holds(textsIn(facts)));
  });

  it('is mentioned within a sentence by an address or number that stands there whole', () => {
    const subject = { emails: ['ada.lovelace@example.com', 'drwho@gmail.com'], phones: ['+49 30 901820'] };
    const { holds, isMentioned } = recogniserOf(subject);
    for (const sentence of [
      'Please write to ada.lovelace@example.com.',
      'Ada.Lovelace@EXAMPLE.com’s order, see above',
      'for "ada.lovelace@example.com"/her sister',
      "to 'ada.lovelace@example.com'!",
      'Contact:ada.lovelace@example.com(mornings)',
      '550 5.1.1 <ada.lovelace@example.com>: user unknown',
      'ada.lo\u00ADvelace@example.com has asked',
      'the doctor: Dr.Who+tag@googlemail.com, or so',
      'Call (030) 90 18 20 after 5 pm',
      'ring 030/901820 or 12 34 56',
      'tel. +49 30 901820, twice',
      'bell 2, 0049-30-901820',
      '030\u00A0901820',
    ]) {
      assert.ok(isMentioned([sentence]), sentence);
    }
    // Of a whole record that is not enough.
    assert.equal(holds(['Bob', 'Please write to ada.lovelace@example.com. Call 030 901820 after 5']), false);
    for (const other of [
      'Please write to grace.ada.lovelace@example.com.',
      "o'ada.lovelace@example.com",
      'ada.lovelace@example.com.au',
      'ada.lovelace@example.community',
      'ada.lovelace@example.com@elsewhere.example',
      'Ada Lovelace of Example, 10 Example.com Street',
      'Call (030) 90 18 21',
      'parcel 4930901820123 order 30901820X or A030901820',
      'bell 1820, floor 90, code 030 9018 200',
      '+43 30 901820 9',
      'bell 2 0043 30 901820',
      'order 901820',
    ])
      assert.equal(isMentioned([other]), false, other);
    const american = recogniserOf({ phones: ['+1 415 555 2671'] });
    assert.ok(american.isMentioned(['call 1-415-555-2671 now, or 12']));
    assert.equal(american.isMentioned(['call 555-2671 now or 12']), false);
  });

  it('is mentioned by name and day of birth in one text, never by one of them', () => {
    const { isMentioned } = recogniserOf({ name: 'Ada Lovelace', date_of_birth: '1815-12-10' });
    assert.ok(isMentioned(['Mrs Lovelace (Ada), born 10.12.1815, asks for a refund']));
    assert.equal(isMentioned(['Ada Lovelace asks for a refund']), false);
    assert.equal(isMentioned(['born 10.12.1815, asks for a refund']), false);
    assert.equal(isMentioned(['Ada Lovelace, born 10.12.18156']), false);
  });

  it('is not looked for longer than a text is long', () => {
    const { isMentioned } = recogniserOf({ emails: ['ada@example.com'], phones: ['+49 30 901820'] });
    const long = 50_000;
    // Gone through once from each place, each would take minutes.
    for (const text of [
      'a'.repeat(long),
      '1 '.repeat(long),
      '1-'.repeat(long),
      'a@'.repeat(long),
      '.a'.repeat(long),
    ])
      assert.equal(isMentioned([`${text}@ 901820x`]), false);
  });

  it('must be named so that somebody can be found', () => {
    const cases: DataSubject[] = [
      {},
      { name: 'Ada Lovelace' },
      { date_of_birth: '1815-12-10' },
      { name: 'Ada Lovelace', date_of_birth: '1815' },
      { emails: ['nonsense'] },
      { phones: ['030 901820'] },
    ];
    for (const subject of cases)
      assert.throws(
        () => recogniserOf(subject),
        (error) => error instanceof Failure && error.code === 'search.erasure_invalid',
        JSON.stringify(subject),
      );
  });
});
