import assert from 'node:assert/strict';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { byteaArray, plainArray, textArray } from './array-literal.ts';

describe('an array as PostgreSQL reads one', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
  });
  after(() => test.close());

  const back = async (type: string, literal: string): Promise<unknown[]> => {
    const rows = await test.database.read('search', ({ sql }) =>
      sql<{ value: unknown }>(
        `select value::text from unnest($1::${type}[]) with ordinality as given (value, place) order by place`,
        [literal],
      ),
    );
    return rows.map(({ value }) => value);
  };

  it('gives back every text as it was', async () => {
    const texts = [
      '',
      'NULL',
      ' a ',
      'a,b',
      '{a}',
      '"q"',
      'back\\slash',
      'line\r\nend',
      '😀',
      "o'",
      '\\"',
      null,
    ];
    assert.deepEqual(await back('text', textArray(texts)), texts);
    assert.deepEqual(await back('text', textArray([])), []);
  });

  it('gives back numbers, words, identifiers and times', async () => {
    assert.deepEqual(await back('int', plainArray([1, null, -3])), ['1', null, '-3']);
    assert.deepEqual(await back('bigint', plainArray([10n ** 15n])), ['1000000000000000']);
    assert.deepEqual(await back('float8', plainArray([0.25, 1e-7, 3e21])), ['0.25', '1e-07', '3e+21']);
    assert.deepEqual(await back('bool', plainArray([true, false])), ['true', 'false']);
    assert.deepEqual(await back('text', plainArray(['not_found', null])), ['not_found', null]);
    const time = '2026-11-28T15:00:00.123Z';
    assert.deepEqual(await back('timestamptz', plainArray([time])), ['2026-11-28 15:00:00.123+00']);
    assert.deepEqual(await back('bytea', byteaArray(['00ff', null])), ['\\x00ff', null]);
  });
});
