import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseKeyRing, SecretBox, SecretBoxError } from './secret-box.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const refused = (code: string) => (error: unknown) => error instanceof SecretBoxError && error.code === code;

describe('Secret box', () => {
  const [first, second] = [newKey(), newKey()];
  const box = new SecretBox(parseKeyRing(`k1:${first}`));
  const context = ['tenant-a', 'provider-1'];

  it('opens what it sealed, and never seals alike twice', () => {
    for (const secret of ['s3cret', '', 'клю́ч 🔑', 'x'.repeat(10_000)]) {
      assert.equal(box.open(box.seal(secret, context), context), secret);
    }
    const envelopes = [box.seal('s3cret', context), box.seal('s3cret', context)];
    assert.notEqual(envelopes[0], envelopes[1]);
    assert.equal(box.open(box.seal('s3cret', 'keys/7'), 'keys/7'), 's3cret');
    assert.ok(!envelopes.join().includes('s3cret'));
    assert.ok(!envelopes.join().includes(Buffer.from('s3cret').toString('base64url')));
  });

  it('opens a secret only where it belongs', () => {
    const sealed = box.seal('s3cret', context);
    for (const other of [
      ['tenant-b', 'provider-1'],
      ['tenant-a', 'provider-2'],
      ['tenant-a'],
      ['tenant-aprovider-1'],
      [],
    ]) {
      assert.throws(() => box.open(sealed, other), refused('not_authentic'));
    }
  });

  it('refuses altered envelopes', () => {
    const sealed = box.seal('s3cret', context);
    const body = Buffer.from(sealed.split('.')[2] ?? '', 'base64url');
    for (let index = 0; index < body.length; index++) {
      const altered = Buffer.from(body);
      altered[index] = (altered[index] ?? 0) ^ 1;
      assert.throws(
        () => box.open(`v1.k1.${altered.toString('base64url')}`, context),
        refused('not_authentic'),
      );
    }
    for (const text of ['', 'v1', 'v1.k1.', 'v2.k1.AAAA', `${sealed}.x`, 'v1.k1.AAAA', 's3cret']) {
      assert.throws(() => box.open(text, context), refused('malformed'), text);
    }
  });

  it('seals with the new key and opens with the old while keys change', () => {
    const old = box.seal('s3cret', context);
    const both = new SecretBox(parseKeyRing(`k2:${second}, k1:${first}`));
    assert.equal(both.open(old, context), 's3cret');
    const fresh = both.seal('s3cret', context);
    assert.deepEqual([both.isStale(old), both.isStale(fresh)], [true, false]);
    assert.throws(() => box.open(fresh, context), refused('unknown_key'));
    const renamed = new SecretBox(parseKeyRing(`k9:${first}`));
    assert.throws(() => renamed.open(old.replace('.k1.', '.k9.'), context), refused('not_authentic'));
  });

  it('refuses a wrong key ring without showing a key', () => {
    const short = randomBytes(16).toString('base64');
    for (const text of ['', 'k1', `k1:${short}`, `:${first}`, `k1:${first},k1:${second}`, `a b:${first}`]) {
      assert.throws(
        () => parseKeyRing(text),
        (error) =>
          error instanceof TypeError && !error.message.includes(short) && !error.message.includes(first),
        text,
      );
    }
  });
});
