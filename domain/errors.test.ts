import assert from 'node:assert/strict';
import { errorKinds, errorTables } from './errors.ts';

describe('the error codes', () => {
  it('are unique over all domains', () => {
    const codes = Object.values(errorTables).flatMap((table) => Object.keys(table));
    assert.equal(new Set(codes).size, codes.length);
    assert.equal(Object.keys(errorKinds).length, codes.length);
  });

  it('are spelled `area.what_happened`', () => {
    for (const code of Object.keys(errorKinds)) assert.match(code, /^[a-z]+\.[a-z0-9_]+$/);
  });
});
