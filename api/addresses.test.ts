import assert from 'node:assert/strict';
import { Addresses } from './addresses.ts';
import type { Method, Route } from './route.ts';

describe('addresses', () => {
  const declared = (...list: [Method, string][]): Addresses =>
    new Addresses(list.map(([method, path]) => ({ method, path }) as Route));
  const find = (addresses: Addresses, method: string, path: string) => {
    const found = addresses.find(method, path);
    return found && [found.route?.path ?? null, found.params, found.methods];
  };

  it('take the most literal of several, whatever its method and the order of the routes', () => {
    const addresses = declared(
      ['get', '/v1/things/:id'],
      ['delete', '/v1/things/:id'],
      ['post', '/v1/things/sorted'],
      ['get', '/v1/:kind/sorted/now'],
    );
    assert.deepEqual(find(addresses, 'POST', '/v1/things/sorted'), ['/v1/things/sorted', {}, ['POST']]);
    assert.deepEqual(find(addresses, 'GET', '/v1/things/sorted'), [null, {}, ['POST']]);
    assert.deepEqual(find(addresses, 'HEAD', '/v1/things/7'), [
      '/v1/things/:id',
      { id: '7' },
      ['HEAD', 'GET', 'DELETE'],
    ]);
    // Where the literal way leads nowhere, the other is taken.
    assert.deepEqual(find(addresses, 'GET', '/v1/things/sorted/now'), [
      '/v1/:kind/sorted/now',
      { kind: 'things' },
      ['HEAD', 'GET'],
    ]);
  });

  it('name the parameters as each route does, decoded where they can be', () => {
    const addresses = declared(['get', '/a/:one/b/:two'], ['put', '/a/:first/b/:second']);
    assert.deepEqual(find(addresses, 'GET', '/a/x%20y/b/%C3%A9')?.[1], { one: 'x y', two: 'é' });
    assert.deepEqual(find(addresses, 'PUT', '/a/%/b/a%2Fb')?.[1], { first: '%', second: 'a/b' });
  });

  it('give all that is left to a route that takes it', () => {
    const addresses = declared(['get', '/v1/objects/*key'], ['get', '/v1/objects/list']);
    assert.deepEqual(find(addresses, 'GET', '/v1/objects/a/b%20c/d.csv')?.[1], { key: 'a/b c/d.csv' });
    assert.equal(find(addresses, 'GET', '/v1/objects/list')?.[0], '/v1/objects/list');
    assert.equal(find(addresses, 'GET', '/v1/objects/'), null);
  });

  it('are the same with capitals and a slash at the end, and are nothing without a part or with one more', () => {
    const addresses = declared(['get', '/v1/things/:id'], ['get', '/']);
    assert.deepEqual(find(addresses, 'GET', '/V1/Things/Aa/')?.[1], { id: 'Aa' });
    assert.equal(find(addresses, 'GET', '/')?.[0], '/');
    for (const path of ['/v1/things', '/v1/things/', '/v1/things//', '/v1/things/1/2', '/v1', '/x'])
      assert.equal(find(addresses, 'GET', path), null, path);
    assert.equal(find(addresses, 'GET', `/v1/things/${'a/'.repeat(50_000)}`), null);
  });
});
