import assert from 'node:assert/strict';
import { normaliseQuery } from '../../domain/search/query.ts';
import { EmailProvider } from './email-provider.ts';
import { PhoneProvider } from './phone-provider.ts';

describe('Providers of facts', () => {
  it('tell the facts about every phone number of a question, and never claim to know its holder', async () => {
    const query = normaliseQuery('comprehensive', { phones: ['+1 (415) 555-2671', '+44 20 7946 0958'] });
    const provider = new PhoneProvider();
    assert.equal(provider.declines(query), null);
    const answer = await provider.search(query);
    assert.deepEqual([answer.outcome, answer.people, answer.validated], ['hit', [], false]);
    const facts = answer.facts?.['phones'] as { location: string; about: string }[];
    assert.deepEqual(
      facts.map(({ location, about }) => [location, about]),
      [
        ['San Francisco, CA', 'the number itself, not its holder'],
        ['London', 'the number itself, not its holder'],
      ],
    );
    assert.deepEqual(await provider.searchMany([query, query]), [answer, answer]);
  });

  it('tell the facts about e-mail addresses', async () => {
    const query = normaliseQuery('email', { email: 'Sales@Mailinator.com' });
    const provider = new EmailProvider();
    const answer = await provider.search(query);
    const emails = answer.facts?.['emails'] as { disposable: boolean; role: boolean }[];
    assert.deepEqual([emails[0]?.disposable, emails[0]?.role, answer.validated], [true, true, false]);
    assert.deepEqual(await provider.searchMany([query]), [answer]);
  });

  it('decline what has no such value', async () => {
    const query = normaliseQuery('name', { surname: 'Lee' });
    for (const provider of [new PhoneProvider(), new EmailProvider()]) {
      assert.match(provider.declines(query) ?? '', /^needs /);
      assert.equal((await provider.search(query)).outcome, 'miss');
    }
  });
});
