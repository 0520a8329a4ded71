import assert from 'node:assert/strict';
import { Failure } from '../failure.ts';
import { emailKey, normaliseEmail } from './email.ts';

describe('E-mail normalisation', () => {
  it('gives one key to the spellings that reach one mailbox', () => {
    const same: [string, string][] = [
      ['John.Doe+news@GoogleMail.com', 'johndoe@gmail.com'],
      ['J.Smith+x@outlook.com', 'j.smith@outlook.com'],
      ['Mary-shop@yahoo.com', 'mary@yahoo.com'],
      ['Mary+x@iCloud.com', 'mary@icloud.com'],
      ['Mary+x@mac.com', 'mary@mac.com'],
      ['Mary+x@ProtonMail.com', 'mary@protonmail.com'],
      ['Mary+x@fastmail.com', 'mary@fastmail.com'],
      ['shop@mary.fastmail.com', 'mary@fastmail.com'],
      ['ANNA@Example.org', 'anna@example.org'],
      ['mailto:anna@example.org?subject=Hi', 'anna@example.org'],
      ['Anna Example <anna@example.org>', 'anna@example.org'],
      [' \u200banna@example.org. ', 'anna@example.org'],
    ];
    for (const [written, key] of same) assert.equal(emailKey(written), key, written);
  });

  it('keeps apart what may be two mailboxes', () => {
    const different: [string, string][] = [
      ['a.b@example.org', 'ab@example.org'],
      ['a+x@example.org', 'a@example.org'],
      ['j.smith@outlook.com', 'jsmith@outlook.com'],
      ['mary@proton.me', 'mary@protonmail.com'],
    ];
    for (const [one, other] of different) assert.notEqual(emailKey(one), emailKey(other), one);
  });

  it('keeps what was written, and an address to write to', () => {
    assert.deepEqual(normaliseEmail('John.Doe+news@GoogleMail.com'), {
      raw: 'John.Doe+news@GoogleMail.com',
      address: 'John.Doe+news@googlemail.com',
      local: 'John.Doe+news',
      domain: 'googlemail.com',
      key: 'johndoe@gmail.com',
    });
  });

  it('writes international domains in ASCII', () => {
    assert.equal(normaliseEmail('info@Bücher.example').domain, 'xn--bcher-kva.example');
    assert.equal(emailKey('info@bücher.example'), emailKey('info@xn--bcher-kva.example'));
    assert.equal(normaliseEmail('почта@пример.рф').domain, 'xn--e1afmkfd.xn--p1ai');
  });

  it('refuses what is no address without repeating it', () => {
    const bad = [
      '',
      'anna',
      'anna@',
      '@example.org',
      'a..b@example.org',
      'anna@localhost',
      'anna@127.1',
      'a b@example.org',
    ];
    bad.push(
      'anna@[127.0.0.1]',
      '+tag@gmail.com',
      '+tag@proton.me',
      'anna@exa mple.org',
      'a@b@c.org',
      'anna@x.org/path',
    );
    bad.push(
      `${'a'.repeat(65)}@example.org`,
      `a@${'b.'.repeat(300)}org`,
      'anna@example.org, bob@example.org',
      'a\nb@example.org',
    );
    for (const text of bad) {
      assert.throws(
        () => normaliseEmail(text),
        (error) =>
          error instanceof Failure &&
          error.code === 'search.email_invalid' &&
          (text.length < 5 || !error.message.includes(text)),
        text,
      );
      assert.equal(emailKey(text), null);
    }
  });
});
