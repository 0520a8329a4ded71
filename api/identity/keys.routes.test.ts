import assert from 'node:assert/strict';
import { startTestApi, type TestApi } from '../../test/support/api.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createKeyRoutes } from './keys.routes.ts';

describe('the key set', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi((services) => createKeyRoutes(createAccessTokens(services)));
  });
  after(() => api.close());

  it('shows public parts only, and may be cached for a while', async () => {
    const { status, body, headers } = await api.client.get('/.well-known/jwks.json');
    assert.equal(status, 200);
    assert.equal(body.keys.length, 1);
    assert.equal('d' in body.keys[0], false);
    assert.match(headers.get('cache-control') ?? '', /max-age=300/);
  });

  it('answers an API key that is none of ours as an unknown caller', async () => {
    const { status, body } = await api.client
      .as({ authorization: 'Bearer pk_wrong' })
      .get('/.well-known/jwks.json');
    assert.equal(status, 401);
    assert.equal(body.code, 'identity.unauthenticated');
    const tenant = await api.tenant();
    assert.equal((await api.client.as(tenant.viewer).get('/.well-known/jwks.json')).status, 200);
  });
});
