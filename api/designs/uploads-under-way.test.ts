import assert from 'node:assert/strict';
import { UploadsUnderWay } from './uploads-under-way.ts';

describe('Uploads under way', () => {
  it('are four of one organisation, whatever becomes of them, and of others as many', async () => {
    const uploads = new UploadsUnderWay();
    const { promise: over, resolve: end } = Promise.withResolvers<string>();
    const broken = (): Promise<never> => Promise.reject(new Error('cut off'));
    await assert.rejects(uploads.one('a', broken), /cut off/);
    const going = [1, 2, 3, 4].map(() => uploads.one('a', () => over));
    const refused = { code: 'request.rate_limited', details: { retryAfter: 1 } };
    await assert.rejects(
      uploads.one('a', () => over),
      refused,
    );
    assert.equal(await uploads.one('b', () => Promise.resolve('done')), 'done');
    end('done');
    assert.deepEqual(await Promise.all(going), ['done', 'done', 'done', 'done']);
    assert.equal(await uploads.one('a', () => over), 'done');
  });
});
