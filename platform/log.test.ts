import assert from 'node:assert/strict';
import { describeError, redact } from './log.ts';

describe('what a log shows of an error', () => {
  it('leaves out the message of a driver, which quotes the row', () => {
    const error = Object.assign(new Error('Key (email)=(ada@example.com) already exists.'), {
      severity: 'ERROR',
      code: '23505',
    });
    const shown = JSON.stringify(describeError(new Error('insert failed', { cause: error })));
    assert.match(shown, /23505/);
    assert.doesNotMatch(shown, /ada@example\.com/);
  });

  it('leaves out the message of a parser, which quotes the text', () => {
    const parse = (): unknown => JSON.parse('{"email": ada@example.com}');
    assert.throws(parse, (error) => !JSON.stringify(describeError(error)).includes('ada@'));
  });
});

describe('what a log shows of a field', () => {
  it('is nothing where its name tells of a secret or a person, down to the third level', () => {
    const fields = {
      route: '/v1/batches/:id',
      email: 'ada@example.com',
      caller: { api_key: 'pk_x', id: 1, deeper: { phone: '+1' } },
      list: [{ sql: 'select 1', rows: 2 }],
    };
    assert.deepEqual(redact(fields), {
      route: '/v1/batches/:id',
      email: '[redacted]',
      caller: { api_key: '[redacted]', id: 1, deeper: { phone: '[redacted]' } },
      list: [{ sql: '[redacted]', rows: 2 }],
    });
    assert.equal(fields.caller.api_key, 'pk_x');
  });

  it('is all of it otherwise, without a copy', () => {
    const fields = { err: new Error('x'), inner: { a: 1 }, none: null };
    assert.equal(redact(fields), fields);
  });
});
