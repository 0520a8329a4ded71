import assert from 'node:assert/strict';
import { httpProviderConfigSchema } from './config.ts';
import { secretNamesOf } from './check-templates.ts';

const valid = {
  kinds: ['phone'],
  request: {
    url: 'https://api.example.com/v1/{{phone.digits}}?key={{secret.api_key}}',
    headers: { authorization: 'Bearer {{secret.token}}' },
  },
  answer: {
    people: '/results',
    fields: { given_name: '/first', phones: ['/phone', { each: '/phones', value: '/n' }] },
  },
};
const issuesOf = (changes: Record<string, unknown>, request: Record<string, unknown> = {}): string[] => {
  const result = httpProviderConfigSchema.safeParse({
    ...valid,
    ...changes,
    request: { ...valid.request, ...request },
  });
  return result.success ? [] : result.error.issues.map(({ path }) => `/${path.join('/')}`);
};

describe('Configuration of an http provider', () => {
  it('fills in what vendors have in common, and knows the secrets it needs', () => {
    const config = httpProviderConfigSchema.parse(valid);
    assert.deepEqual([config.request.method, config.miss.status, config.validated], ['GET', [404], []]);
    assert.deepEqual(secretNamesOf(config.request), ['api_key', 'token']);
  });

  it('names every mistake at its place', () => {
    const mistakes: [string, Record<string, unknown>, Record<string, unknown>?][] = [
      ['/request/url', {}, { url: 'https://{{name.given}}.example.com/' }],
      ['/request/url', {}, { url: 'https://api.example.com{{name.given}}/' }],
      ['/request/url', {}, { url: 'https://user:pass@api.example.com/' }],
      ['/request/url', {}, { url: '/v1' }],
      ['/request/url', {}, { url: 'https://api.example.com/#x' }],
      ['/request/url', {}, { url: 'https://api.example.com/{{phone.e165}}' }],
      ['/request/url', {}, { url: 'https://api.example.com/{{ Phone }}' }],
      ['/request/headers/x-name', {}, { headers: { 'x-name': '{{name.full}}' } }],
      ['/request/headers/bad name', {}, { headers: { 'bad name': 'x' } }],
      ['/request/json/a/0', {}, { method: 'POST', json: { a: ['{{no.such}}'] } }],
      ['/request/form', {}, { method: 'POST', json: {}, form: {} }],
      ['/request/method', {}, { json: {} }],
      ['/request/redirect_hosts/0', {}, { redirect_hosts: ['https://x/y'] }],
      ['/answer/people', { answer: { people: 'results' } }],
      ['/answer/score', { answer: { people: '/r', score: { lowest: 5, highest: 5 } } }],
      ['/answer/fields', { answer: { people: '/r', fields: { nickname: '/n' } } }],
      ['/validated/0', { validated: [{ pointer: '/a' }] }],
      ['/validated/0', { validated: [{ pointer: '/a', equals: 1, exists: true }] }],
      ['/kinds', { kinds: [] }],
      ['/requires/0', { requires: ['phone'] }],
      ['/', { surprise: 1 }],
    ];
    for (const [place, changes, request] of mistakes) {
      assert.deepEqual(issuesOf(changes, request), [place], JSON.stringify([changes, request]));
    }
  });
});
