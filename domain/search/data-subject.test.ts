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
