import assert from 'node:assert/strict';
import { recogniserOf, textsIn, type DataSubject } from '../domain/search/data-subject.ts';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { mayBeOf, needleParameters } from './speaking-texts.ts';

/** Spellings of the address and the number that the rule itself takes. */
const spellings = [
  'ada.lovelace@example.com',
  'ADA.LOVELACE@Example.COM',
  'Ada Lovelace <Ada.Lovelace@example.com>',
  'mailto:ada.lovelace@example.com?subject=x',
  'x; ada.love\u00ADlace@example.com',
  'Dr.Who+tag@googlemail.com',
  'drwho@gmail.com',
  '(030) 90 18 20',
  '0049 30 90\u00A018\u200920',
  '+49-30-90\u000118\u001f20',
];

describe('what a database looks for of a person', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['search'] });
  });
  after(() => db?.close());

  const subject: DataSubject = {
    emails: ['Ada.Lovelace@Example.com', 'drwho@gmail.com'],
    phones: ['+49 30 901820'],
  };
  const looked = async (given: DataSubject, value: unknown): Promise<boolean[]> => {
    const parameters = needleParameters(recogniserOf(given).needles);
    const forms = [`$1::jsonb::text`, `$1::json::text`];
    const rows = await db.database.read('search', ({ sql }) =>
      sql<{ found: boolean }>(
        forms.map((text) => `select ${mayBeOf(text, 2)} as found`).join(' union all '),
        [JSON.stringify(value), ...parameters],
      ),
    );
    return rows.map(({ found }) => found);
  };

  it('is in all that is of the person, and not in everything', async () => {
    const recogniser = recogniserOf(subject);
    for (const spelling of spellings) {
      const value = { a: [1, { b: spelling }] };
      assert.ok(recogniser.holds(textsIn(value)), spelling);
      assert.deepEqual(await looked(subject, value), [true, true], JSON.stringify(spelling));
      // JSON within JSON, as bodies stand in columns.
      assert.deepEqual(await looked(subject, { 1: JSON.stringify(value) }), [true, true], spelling);
    }
    assert.deepEqual(await looked(subject, { email: 'grace@example.com', phone: '+49 30 901821' }), [
      false,
      false,
    ]);
  });

  it('is nothing certain of a name, or of an address with other letters than a to z', async () => {
    const named = { name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    for (const given of [named, { emails: ['zoë@example.com'] }])
      assert.deepEqual(await looked(given, 'anything'), [true, true]);
  });
});
