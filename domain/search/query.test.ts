import assert from 'node:assert/strict';
import { Failure } from '../failure.ts';
import { normaliseQuery, type QueryInput, type QueryKind } from './query.ts';

const failureOf = (kind: QueryKind, input: QueryInput): Failure => {
  try {
    normaliseQuery(kind, input);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  return assert.fail('nothing was refused');
};
const pointersOf = (failure: Failure): string[] =>
  failure.details.issues?.map(({ pointer }) => pointer) ?? [];

describe('Search queries', () => {
  it('have one key for five spellings of a phone number, and another for another', () => {
    const keys = [
      '+1 (415) 555-2671',
      '415.555.2671',
      '1-415-555-2671',
      'tel:+1-415-555-2671',
      '+14155552671 ext. 9',
    ].map((phone) => normaliseQuery('phone', { phone, country: 'US' }).key);
    assert.equal(new Set(keys).size, 1);
    assert.match(keys[0] ?? '', /^[0-9a-f]{64}$/);
    assert.notEqual(normaliseQuery('phone', { phone: '+1 415 555 2672', country: 'US' }).key, keys[0]);
  });

  it('have one key for the spellings of a mailbox, a name, a date and an address', () => {
    const key = (kind: QueryKind, input: QueryInput): string => normaliseQuery(kind, input).key;
    assert.equal(
      key('email', { email: 'John.Doe+a@GoogleMail.com' }),
      key('email', { emails: ['johndoe@gmail.com'] }),
    );
    assert.equal(
      key('name', { given_name: ' José ', surname: "O'BRIEN", date_of_birth: '1990-02-01' }),
      key('name', { given_name: 'jose', surname: 'OBrien', date_of_birth: '19900201', external_id: 'row 7' }),
    );
    assert.equal(
      key('address', { street: 'Main  St.', city: 'Bath' }),
      key('address', { street: 'main st', city: 'BATH' }),
    );
    assert.equal(
      key('comprehensive', { phones: ['+14155552671', '+442079460958'], surname: 'Lee' }),
      key('comprehensive', { phones: ['+442079460958', '+1 415 555 2671'], surname: 'LEE' }),
    );
  });

  it('have different keys where a field, the kind or the country differs', () => {
    const inputs: [QueryKind, QueryInput][] = [
      ['comprehensive', { given_name: 'Lee', surname: 'Kim' }],
      ['name', { given_name: 'Lee', surname: 'Kim' }],
      ['name', { given_name: 'Kim', surname: 'Lee' }],
      ['name', { given_name: 'Lee', surname: 'Kim', country: 'KR' }],
      ['name', { full_name: 'Lee Kim' }],
      ['name', { full_name: 'Lee Kim', date_of_birth: '1990' }],
      ['comprehensive', { full_name: 'Lee Kim', phones: ['12345'] }],
      ['comprehensive', { full_name: 'Lee Kim', phones: ['12346'] }],
      ['comprehensive', { full_name: 'Lee Kim', attributes: { team: 'a' } }],
    ];
    assert.equal(new Set(inputs.map(([kind, input]) => normaliseQuery(kind, input).key)).size, inputs.length);
  });

  it('keep what was written beside what was read', () => {
    const query = normaliseQuery('comprehensive', {
      phone: '0207 946 0958',
      emails: ['A@B.org', 'a@b.org'],
      country: 'GB',
    });
    assert.deepEqual(query.fields, {
      phones: ['0207 946 0958'],
      emails: ['A@B.org', 'a@b.org'],
      country: 'GB',
    });
    assert.deepEqual(
      [query.phones.map((p) => p.e164), query.emails.map((e) => e.key)],
      [['+442079460958'], ['a@b.org']],
    );
    assert.deepEqual(query.warnings, []);
  });

  it('name every issue with its pointer', () => {
    const phone = failureOf('phone', { phone: 'nonsense' });
    assert.deepEqual([phone.code, pointersOf(phone)], ['search.phone_invalid', ['/phone']]);
    const emails = failureOf('email', { emails: ['a@b.org', 'x', 'y@'] });
    assert.deepEqual([emails.code, pointersOf(emails)], ['search.email_invalid', ['/emails/1', '/emails/2']]);
    const name = failureOf('name', {
      surname: 'Lee',
      city: 'Bath',
      phones: ['+14155552671'],
      date_of_birth: 'soon',
    });
    assert.deepEqual(
      [name.code, pointersOf(name)],
      ['search.query_invalid', ['/city', '/phones', '/date_of_birth']],
    );
    for (const kind of ['phone', 'email', 'name', 'address', 'comprehensive'] as const) {
      assert.deepEqual(pointersOf(failureOf(kind, { country: 'GB', external_id: '7' })), [''], kind);
    }
    assert.equal(failureOf('name', { surname: ' ?! ' }).code, 'search.query_empty');
    assert.ok(!JSON.stringify(emails.details).includes('y@'));
  });

  it('go on without what a comprehensive search can spare, and say so', () => {
    const query = normaliseQuery('comprehensive', {
      surname: 'Lee',
      phones: ['ask at work'],
      date_of_birth: 'unknown',
    });
    assert.deepEqual(
      query.warnings.map(({ pointer }) => pointer),
      ['/phones/0', '/date_of_birth'],
    );
    assert.deepEqual(pointersOf(failureOf('comprehensive', { phones: ['ask at work'] })), ['/phones/0']);
  });
});
