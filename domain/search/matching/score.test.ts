import assert from 'node:assert/strict';
import type { PersonFields } from '../person.ts';
import { blockingKeys, queryKeys } from './blocking.ts';
import { Nicknames } from './nicknames.ts';
import { profileOf } from './profile.ts';
import { matchedOn, scorePair, type Score } from './score.ts';
import { editDistance, jaroWinkler } from './similarity.ts';

const nicknames = new Nicknames(
  'name1,relationship,name2\nelizabeth,has_nickname,liz\nelizabeth,has_nickname,beth\n',
);
const context = { frequency: () => 0.001, nicknames, population: 10_000, furtherMembers: 0.5 };
const score = (query: PersonFields, person: PersonFields): Score =>
  scorePair(profileOf(query), profileOf(person), context);

const ada: PersonFields = {
  given_name: 'Elizabeth',
  surname: 'Warner',
  date_of_birth: '1961-08-09',
  street_number: '12',
  street: 'Bank Street',
  city: 'Nottingham',
};

describe('scoring two people', () => {
  it('weighs exact over close over different, name by name', () => {
    const weights = ['Elizabeth', 'Elizabteh', 'Liz', 'Gertrude'].map(
      (given_name) => score({ ...ada, given_name }, ada).weight,
    );
    assert.deepEqual(
      weights.toSorted((a, b) => b - a),
      weights,
    );
  });

  it('takes what is missing as no evidence', () => {
    assert.equal(score({ surname: 'Warner' }, { given_name: 'Elizabeth' }).weight, 0);
    assert.deepEqual(score({}, ada).evidence, []);
  });

  it('keeps two members of a household apart, and finds one member after a move', () => {
    const sister = { ...ada, given_name: 'Gertrude', date_of_birth: '1964-11-30' };
    const moved = { ...ada, street_number: '7', street: 'Castle Road', city: 'Derby' };
    const prior = Math.log2(context.population);
    assert.ok(score(sister, ada).weight < prior);
    assert.ok(score(moved, ada).weight > prior);
  });

  it('names the reasons, the strongest first, and a nickname by its name', () => {
    const reasons = matchedOn(
      score({ given_name: 'Beth', surname: 'Warner' }, { ...ada, given_name: 'Liz' }).evidence,
    );
    assert.deepEqual(reasons, ['surname', 'nickname']);
  });

  it('meets in a blocking key whichever one field is wrong', () => {
    const keys = new Set(blockingKeys(profileOf(ada)));
    const wrong: PersonFields[] = [
      { ...ada, given_name: 'Gertrude' },
      { ...ada, surname: 'Quux' },
      { ...ada, date_of_birth: '1912-02-03' },
      { ...ada, city: 'Derby' },
      { ...ada, given_name: 'Warner', surname: 'Elizabeth' },
      { date_of_birth: '1961-09-08' },
      { given_name: 'Liz', surname: 'Warner' },
    ];
    for (const query of wrong) {
      assert.ok(
        queryKeys(profileOf(query), nicknames).some((key) => keys.has(key)),
        JSON.stringify(query),
      );
    }
  });
});

describe('likeness of words', () => {
  it('counts edits, swaps of neighbours as one, up to the bound', () => {
    assert.equal(editDistance('neumann', 'nuemann', 2), 1);
    assert.equal(editDistance('kitten', 'sitting', 3), 3);
    assert.equal(editDistance('kitten', 'sitting', 1), 2);
    assert.equal(editDistance('', 'ab', 2), 2);
  });

  it('agrees with the published values of Jaro and Winkler', () => {
    assert.equal(jaroWinkler('martha', 'marhta').toFixed(3), '0.961');
    assert.equal(jaroWinkler('dwayne', 'duane').toFixed(3), '0.840');
    assert.equal(jaroWinkler('dixon', 'dicksonx').toFixed(3), '0.813');
  });
});
