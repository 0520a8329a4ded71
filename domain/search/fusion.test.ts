import assert from 'node:assert/strict';
import type { RankedPerson } from './answer.ts';
import { fuse, rank } from './fusion.ts';
import type { PersonFields } from './person.ts';

const person = (
  provider: string,
  probability: number,
  fields: PersonFields,
  changes: Partial<RankedPerson> = {},
): RankedPerson => ({
  personId: null,
  recordSetId: null,
  provider,
  alsoFrom: [],
  probability,
  validated: false,
  matchedOn: [],
  fields,
  evidence: [],
  ...changes,
});
const count = (left: PersonFields, right: PersonFields): number =>
  fuse([person('A', 0.9, left)], [person('B', 0.8, right)]).length;

describe('People of several providers', () => {
  it('are one when they share a number, a mailbox or an identifier and no name or date speaks against it', () => {
    const phones = ['+44 20 7946 0958'];
    assert.equal(
      count(
        { full_name: 'Ada Lovelace', phones },
        { full_name: 'Ada Lovelace', phones: ['020 7946 0958'], country: 'GB' },
      ),
      1,
    );
    assert.equal(
      count(
        { full_name: 'A Lovelace', emails: ['a.l@gmail.com'] },
        { full_name: 'Ada Lovelace', emails: ['AL@googlemail.com'] },
      ),
      1,
    );
    assert.equal(count({ phones }, { full_name: 'Ada Lovelace', phones }), 1);
    assert.equal(count({ full_name: 'Ada Lovelace', phones }, { full_name: 'William King', phones }), 2);
    assert.equal(
      count(
        { full_name: 'Ada Lovelace', date_of_birth: '1815', phones },
        { full_name: 'Ada Lovelace', date_of_birth: '1850', phones },
      ),
      2,
    );
  });

  it('are one when name and date of birth are the same, not when the name alone is', () => {
    const ada = { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    assert.equal(count(ada, { surname: 'LOVELACE', given_name: 'Ada', date_of_birth: '18151210' }), 1);
    assert.equal(count({ full_name: 'Ada Lovelace' }, { full_name: 'Ada Lovelace' }), 2);
  });

  it('stay apart when their provider has told them apart, or they are different records', () => {
    const same = { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    assert.equal(fuse([], [person('A', 0.9, same), person('A', 0.8, same)]).length, 2);
    const records = ['1', '2'].map((personId) => person('A', 0.9, same, { personId }));
    assert.equal(fuse(records.slice(0, 1), records.slice(1)).length, 2);
  });

  it('keep what the likelier one says, and what only the other knows', () => {
    const first = person(
      'A',
      0.7,
      { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10', city: 'London', phones: ['+442079460958'] },
      { personId: 'p', matchedOn: ['name'] },
    );
    const second = person(
      'B',
      0.9,
      {
        full_name: 'Ada Lovelace',
        date_of_birth: '1815-12-10',
        city: 'Bath',
        phones: ['020 7946 0958', '+447400123456'],
        country: 'GB',
        attributes: { title: 'Countess' },
      },
      { validated: true, matchedOn: ['name', 'born'] },
    );
    const [merged, ...rest] = fuse([first], [second]);
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [
        merged?.provider,
        merged?.alsoFrom,
        merged?.probability,
        merged?.validated,
        merged?.personId,
        merged?.matchedOn,
      ],
      ['B', ['A'], 0.9, true, 'p', ['name', 'born']],
    );
    assert.deepEqual(
      [merged?.fields.city, merged?.fields.phones, merged?.fields.attributes],
      ['Bath', ['020 7946 0958', '+447400123456'], { title: 'Countess' }],
    );
  });

  it('rank by probability, the validated first among equals', () => {
    const ranked = rank([
      person('A', 0.5, {}),
      person('B', 0.9, {}),
      person('C', 0.9, {}, { validated: true }),
    ]);
    assert.deepEqual(
      ranked.map(({ provider }) => provider),
      ['C', 'B', 'A'],
    );
  });
});
