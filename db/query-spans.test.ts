import assert from 'node:assert/strict';
import { describeStatement } from './query-spans.ts';

describe('the name of a statement in a trace', () => {
  const names: [text: string, name: string][] = [
    ['select 1', 'SELECT'],
    ['select a, b from search.batches where id = $1', 'SELECT search.batches'],
    ['\n  insert into search.batches (id) values ($1)', 'INSERT search.batches'],
    ['update only "search"."batches" set hold = $1', 'UPDATE search.batches'],
    ['delete from search.uploads', 'DELETE search.uploads'],
    [
      'with a as (select * from jsonb_to_recordset($1) as b (c text)) insert into x.y select * from a',
      'INSERT x.y',
    ],
    ['with a as (select 1 from x.y for update) select * from a', 'SELECT x.y'],
    ['with a as (select 1 from x.y for update skip locked) select * from a', 'SELECT x.y'],
    ['select * from identity.take_tokens($1)', 'SELECT'],
    ['copy search.batch_rows (a, b) from stdin', 'COPY search.batch_rows'],
    ['begin', 'BEGIN'],
    ['', 'STATEMENT'],
  ];
  for (const [text, name] of names) {
    it(`is ${name} of ${text.trim().slice(0, 40)}`, () => assert.equal(describeStatement(text).name, name));
  }

  it('shows no value that somebody has written into a statement', () => {
    const { name, attributes } = describeStatement("select * from a where email = 'ada@example.com'");
    assert.ok(!JSON.stringify({ name, attributes }).includes('ada'));
  });
});
