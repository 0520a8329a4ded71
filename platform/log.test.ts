import assert from 'node:assert/strict';
import { describeError } from './log.ts';

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
