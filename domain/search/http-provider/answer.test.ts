import assert from 'node:assert/strict';
import { readAnswer, type AnswerLimits } from './answer.ts';
import { httpProviderConfigSchema } from './config.ts';
import { atPointer, isJsonPointer } from './json-pointer.ts';

const config = httpProviderConfigSchema.parse({
  kinds: ['phone'],
  request: { url: 'https://api.example.com/' },
  answer: {
    people: '/data/people',
    fields: {
      external_id: '/id',
      given_name: '/name/first',
      surname: '/name/last',
      phones: ['/mobile', { each: '/phones', value: '/number' }],
      emails: ['/emails'],
      attributes: { tier: '/tier' },
    },
    score: { pointer: '/match', lowest: 0, highest: 100, otherwise: 0.4 },
    facts: { line: '/phone/type', carrier: '/phone/carrier' },
  },
  miss: {
    status: [404, 410],
    any: [
      { pointer: '/total', equals: 0 },
      { pointer: '/data', empty: true },
    ],
  },
  error: { status: [206], any: [{ pointer: '/error', exists: true }] },
  validated: [{ pointer: '/phone/type', in: ['mobile'] }],
});
const now = new Date('2026-11-21T12:00:00Z');
const answer = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  limits: Partial<AnswerLimits> = {},
) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readAnswer(config, { status, headers, text }, { limit: 10, minScore: 0, now, ...limits });
};
const person = (id: number, match?: number) => ({
  id,
  name: { first: 'Ada' },
  ...(match === undefined ? {} : { match }),
});

describe('Answers of an http provider', () => {
  it('become people with their fields and score, best first, with the facts', () => {
    const ada = {
      id: '00123456789012345678',
      match: 90,
      name: { first: ' Ada ', last: '' },
      mobile: '+1 415 555 2671',
      phones: [{ number: 4155552672 }, { number: '+1 415 555 2671' }, {}, null],
      emails: ['a@b.org', 7, null],
      tier: true,
    };
    const body = {
      data: { people: [person(1), ada, null, 'text', {}] },
      phone: { type: 'mobile', carrier: null },
    };
    assert.deepEqual(answer(200, body), {
      outcome: 'hit',
      people: [
        {
          fields: {
            external_id: '00123456789012345678',
            given_name: 'Ada',
            phones: ['+1 415 555 2671', '4155552672'],
            emails: ['a@b.org', '7'],
            attributes: { tier: 'true' },
          },
          score: 0.9,
          matchedOn: [],
          evidence: [],
        },
        { fields: { external_id: '1', given_name: 'Ada' }, score: 0.4, matchedOn: [], evidence: [] },
      ],
      validated: true,
      facts: { line: 'mobile' },
    });
  });

  it('keep all digits of long identifiers', () => {
    const text = '{"data":{"people":[{"id":820982911946154508}]}}';
    assert.equal(answer(200, text).people[0]?.fields.external_id, '820982911946154508');
  });

  it('are validated only by the rules', () => {
    const landline = answer(200, { data: { people: [person(1)] }, phone: { type: 'landline' } });
    assert.deepEqual(
      [landline.outcome, landline.validated, landline.reason],
      ['hit', false, 'not validated at /phone/type'],
    );
  });

  it('are misses by status, by rule, and where nobody is left', () => {
    const miss = (
      status: number,
      body: unknown,
      limits?: Partial<AnswerLimits>,
    ): [string, string | undefined] => {
      const { outcome, reason } = answer(status, body, {}, limits);
      return [outcome, reason];
    };
    assert.deepEqual(miss(404, 'gone'), ['miss', 'status 404']);
    assert.deepEqual(miss(204, ''), ['miss', 'status 204']);
    assert.deepEqual(miss(200, { total: 0, data: { people: [person(1)] } }), ['miss', 'miss rule at /total']);
    assert.deepEqual(miss(200, { total: '0', data: 1 }), ['miss', 'miss rule at /total']);
    assert.deepEqual(miss(200, { data: {} }), ['miss', 'miss rule at /data']);
    for (const people of [[], {}, null, '', false, undefined, [null]])
      assert.deepEqual(miss(200, { data: { people, page: 1 } }), ['miss', 'no people in the answer']);
    assert.deepEqual(miss(200, { data: { people: [person(1, 20)] } }, { minScore: 0.5 }), [
      'miss',
      'nobody reaches the least score',
    ]);
    assert.equal(
      answer(200, { data: { people: [person(1, 20), person(2, 90)] } }, {}, { limit: 1 }).people.length,
      1,
    );
  });

  it('are errors by status, by rule, and where they are not JSON; the vendor is never quoted', () => {
    const secret = 'token s3cret is invalid';
    for (const [status, body, reason] of [
      [500, secret, 'status 500'],
      [401, { error: secret }, 'status 401'],
      [302, '', 'status 302'],
      [206, {}, 'status 206'],
      [200, { error: secret, data: { people: [person(1)] } }, 'error rule at /error'],
      [200, `<html>${secret}</html>`, 'the answer is not JSON'],
      [200, '', 'the answer is not JSON'],
      [200, '{"data":', 'the answer is not JSON'],
      [200, '"ok"', 'the answer has another shape'],
      [200, '42', 'the answer has another shape'],
      [200, { data: { people: secret } }, 'the answer has another shape'],
      [200, { data: { people: 7 } }, 'the answer has another shape'],
      [200, { data: { people: [secret, 7] } }, 'the answer has another shape'],
    ] as const) {
      const result = answer(status, body, { 'content-type': 'application/json' });
      assert.deepEqual(result, { outcome: 'error', people: [], validated: false, reason });
    }
  });

  it('say how long to wait when the vendor is asked too much', () => {
    const wait = (status: number, header?: string): [string, number | undefined] => {
      const result = answer(status, '', header === undefined ? {} : { 'retry-after': header });
      return [result.outcome, result.retryAfterMs];
    };
    assert.deepEqual(wait(429, '2'), ['throttled', 2_000]);
    assert.deepEqual(wait(429, 'Sat, 21 Nov 2026 12:00:07 GMT'), ['throttled', 7_000]);
    assert.deepEqual(wait(429, 'Sat, 21 Nov 2026 11:00:00 GMT'), ['throttled', 0]);
    assert.deepEqual(wait(429, '99999999'), ['throttled', 86_400_000]);
    for (const unreadable of ['soon', '-5', '2026-11-21', ''])
      assert.deepEqual(wait(429, unreadable), ['throttled', undefined]);
    assert.deepEqual(wait(429), ['throttled', undefined]);
    assert.deepEqual(wait(503, '1'), ['throttled', 1_000]);
    assert.deepEqual(wait(503), ['error', undefined]);
  });

  it('count a time of day from the vendor’s own: either clock may be off', () => {
    const date = 'Sat, 21 Nov 2026 13:00:00 GMT';
    const later = 'Sat, 21 Nov 2026 13:00:07 GMT';
    assert.equal(answer(429, '', { date, 'retry-after': later }).retryAfterMs, 7_000);
  });
});

describe('JSON pointers', () => {
  it('follow RFC 6901, section 5', () => {
    const document = {
      foo: ['bar', 'baz'],
      '': 0,
      'a/b': 1,
      'c%d': 2,
      'e^f': 3,
      'g|h': 4,
      'i\\j': 5,
      'k"l': 6,
      ' ': 7,
      'm~n': 8,
    };
    const places: [string, unknown][] = [
      ['', document],
      ['/foo', ['bar', 'baz']],
      ['/foo/0', 'bar'],
      ['/', 0],
      ['/a~1b', 1],
      ['/c%d', 2],
      ['/e^f', 3],
      ['/g|h', 4],
      ['/i\\j', 5],
      ['/k"l', 6],
      ['/ ', 7],
      ['/m~0n', 8],
    ];
    for (const [pointer, value] of places) {
      assert.ok(isJsonPointer(pointer));
      assert.deepEqual(atPointer(document, pointer), value, pointer);
    }
  });

  it('find nothing beyond what the document holds', () => {
    for (const pointer of [
      '/foo/2',
      '/foo/00',
      '/foo/-',
      '/foo/length',
      '/foo/0/0',
      '/constructor',
      '/__proto__',
      '/x/y',
    ]) {
      assert.equal(atPointer({ foo: ['bar'] }, pointer), undefined, pointer);
    }
    for (const text of ['foo', '/~', '/~2', '#/foo', ' /foo']) assert.ok(!isJsonPointer(text), text);
  });
});
