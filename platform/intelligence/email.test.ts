import assert from 'node:assert/strict';
import { disposableEmailBlocklist } from 'disposable-email-domains-js';
import { normaliseEmail } from '../../domain/search/email.ts';
import { emailFacts } from './email.ts';

const factsOf = (raw: string) => emailFacts(normaliseEmail(raw));

describe('E-mail intelligence', () => {
  it('tells what the address itself says', () => {
    assert.deepEqual(factsOf('John.Doe+news@GoogleMail.com'), {
      about: 'the address itself, not its owner',
      address: 'John.Doe+news@googlemail.com',
      key: 'johndoe@gmail.com',
      domain: 'googlemail.com',
      disposable: false,
      role: false,
      free_provider: true,
    });
  });

  it('flags the domains of throw-away services, with their subdomains', () => {
    const domains = disposableEmailBlocklist();
    const flagged = domains.filter((domain) => factsOf(`anna@${domain}`).disposable);
    assert.ok(flagged.length / domains.length >= 0.999, `${flagged.length} of ${domains.length}`);
    assert.equal(factsOf('anna@inbox.mailinator.com').disposable, true);
  });

  it('flags no ordinary service', () => {
    for (const domain of [
      'gmail.com',
      'proton.me',
      'protonmail.com',
      'duck.com',
      'icloud.com',
      'example.com',
    ]) {
      assert.equal(factsOf(`anna@${domain}`).disposable, false, domain);
    }
  });

  it('knows names of posts, tagged or not', () => {
    assert.deepEqual(
      ['sales@x.org', 'Sales+uk@x.org', 'postmaster@x.org', 'anna@x.org', 'salesman.anna@x.org'].map(
        (a) => factsOf(a).role,
      ),
      [true, true, true, false, false],
    );
  });
});
