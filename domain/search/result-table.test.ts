import assert from 'node:assert/strict';
import { matchCells, matchColumns, resultHeader } from './result-table.ts';

describe('The table of results', () => {
  it('keeps the caller’s own columns in front, and its own names apart from theirs', () => {
    const header = resultHeader(['row', 'result_status', '_row', 'name']);
    assert.deepEqual(header.slice(0, 6), ['row', 'result_status', '_row', 'name', '__row', '_result_status']);
    assert.equal(new Set(header).size, header.length);
  });

  it('has a cell for everything that is known of a person', () => {
    const cells = matchCells({ given_name: 'Ada', phones: ['+1', '+2'], attributes: { team: 'A' } });
    const by = Object.fromEntries(matchColumns.map((name, index) => [name, cells[index]]));
    assert.deepEqual(
      [by['given_name'], by['phones'], by['attributes'], by['surname']],
      ['Ada', '+1; +2', '{"team":"A"}', null],
    );
    assert.equal(matchCells(null).length, matchColumns.length);
  });
});
