import assert from 'node:assert/strict';
import { validate, version } from 'uuid';
import { orderedUuid } from './uuid.ts';

describe('ordered UUIDs', () => {
  it('are of version 7, different, and greater one after another', () => {
    const made = Array.from({ length: 10_000 }, orderedUuid);
    assert.ok(made.every((id) => validate(id) && version(id) === 7));
    assert.equal(new Set(made).size, made.length);
    assert.deepEqual(made.toSorted(), made);
    const since = Date.now() - Number.parseInt((made.at(-1) ?? '').replace('-', '').slice(0, 12), 16);
    assert.ok(since >= 0 && since < 60_000);
  });
});
