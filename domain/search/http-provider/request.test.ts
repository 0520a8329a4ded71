import assert from 'node:assert/strict';
import { normaliseQuery, type QueryInput, type QueryKind } from '../query.ts';
import { httpProviderConfigSchema } from './config.ts';
import { buildRequest, reasonNotToAsk, type ProviderRequest } from './request.ts';
import { UnsafeValue } from './template.ts';

const build = (request: Record<string, unknown>, kind: QueryKind, input: QueryInput): ProviderRequest =>
  buildRequest(
    httpProviderConfigSchema.parse({ kinds: [kind], request, answer: {} }),
    normaliseQuery(kind, input),
    { api_key: 'k&y=1', user: 'us', password: 'pä:ss' },
    { limit: 3, effectKey: 'search:1' },
  );
const hostile = `x"},"admin":true,{"&role=admin#/../../\r\nX-Evil: 1 {{secret.api_key}}`;

describe('Requests of an http provider', () => {
  it('carry the values of the question and the secrets', () => {
    assert.deepEqual(
      build(
        {
          method: 'POST',
          url: 'https://api.example.com/v1/{{phone.e164}}?key={{secret.api_key}}&limit={{call.limit}}&fixed',
          headers: { 'X-Key': '{{secret.api_key}}', 'Idempotency-Key': '{{call.key}}' },
          basic_auth: { username: '{{secret.user}}', password: '{{secret.password}}' },
          json: {
            phone: '{{phone.national}}',
            where: { region: '{{phone.region}}' },
            n: 1,
            on: true,
            none: null,
          },
        },
        'phone',
        { phone: '+1 (415) 555-2671' },
      ),
      {
        method: 'POST',
        url: 'https://api.example.com/v1/%2B14155552671?key=k%26y%3D1&limit=3&fixed',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('us:pä:ss').toString('base64')}`,
          'x-key': 'k&y=1',
          'idempotency-key': 'search:1',
        },
        body: '{"phone":"4155552671","where":{"region":"US"},"n":1,"on":true,"none":null}',
      },
    );
  });

  it('leave out parameters and properties that have no value', () => {
    const request = build(
      {
        method: 'POST',
        url: 'https://api.example.com/?first={{name.given}}&middle={{name.middle}}&q=a{{name.middle}}b',
        json: {
          middle: '{{name.middle}}',
          names: ['{{name.surname}}', '{{name.middle}}'],
          label: 'Mx {{name.middle}}',
        },
      },
      'name',
      { given_name: 'Ada', surname: 'Lovelace' },
    );
    assert.equal(request.url, 'https://api.example.com/?first=Ada&q=ab');
    assert.equal(request.body, '{"names":["Lovelace"],"label":"Mx "}');
  });

  it('read the parts of a name and a date that came in one piece', () => {
    const request = build(
      { url: 'https://api.example.com/?g={{name.given}}&s={{name.surname}}&b={{born.date}}&y={{born.year}}' },
      'name',
      { full_name: 'Ada Lovelace', date_of_birth: '10 Dec 1815' },
    );
    assert.equal(request.url, 'https://api.example.com/?g=ada&s=lovelace&b=1815-12-10&y=1815');
  });

  it('keep a hostile value in its place', () => {
    const url = 'https://api.example.com/p/{{name.full}}/x?name={{name.full}}&last=1';
    const sent = new URL(build({ url }, 'name', { full_name: hostile }).url);
    assert.deepEqual([sent.host, sent.pathname.split('/').length, sent.hash], ['api.example.com', 4, '']);
    assert.deepEqual([...sent.searchParams.keys()], ['name', 'last']);
    assert.equal(sent.searchParams.get('name'), hostile);
    const post = { method: 'POST', url: 'https://api.example.com/' };
    const json = build({ ...post, json: { name: '{{name.full}}' } }, 'name', { full_name: hostile });
    assert.deepEqual(JSON.parse(json.body ?? ''), { name: hostile });
    const form = build({ ...post, form: { name: '{{name.full}}' } }, 'name', { full_name: hostile });
    assert.deepEqual([...new URLSearchParams(form.body ?? '')], [['name', hostile]]);
  });

  it('never climb up the path', () => {
    const name = { full_name: 'John ..' };
    assert.doesNotThrow(() => build({ url: 'https://api.example.com/p/{{name.full}}' }, 'name', name));
    for (const city of ['..', '.']) {
      const input = { city, street: 'Main St' };
      assert.throws(
        () => build({ url: 'https://api.example.com/p/{{address.city}}/x' }, 'address', input),
        UnsafeValue,
      );
    }
  });

  it('are not made for a question without the values they need', () => {
    const config = httpProviderConfigSchema.parse({
      kinds: ['name', 'comprehensive'],
      requires: ['born.date'],
      request: { url: 'https://api.example.com/{{name.surname}}?key={{secret.api_key}}' },
      answer: {},
    });
    const reason = (kind: QueryKind, input: QueryInput): string | null =>
      reasonNotToAsk(config, normaliseQuery(kind, input));
    assert.equal(reason('name', { surname: 'Lee', date_of_birth: '1990-01-02' }), null);
    assert.equal(reason('name', { surname: 'Lee', date_of_birth: '1990' }), 'needs born.date');
    assert.equal(reason('comprehensive', { given_name: 'Lee' }), 'needs born.date, name.surname');
    assert.equal(reason('phone', { phone: '+14155552671' }), 'does not answer searches by phone');
  });
});
