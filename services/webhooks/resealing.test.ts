import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import { SourceRepository } from '../../db/webhooks/source.repository.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { createLogger } from '../../platform/log.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { newSecret, openHeaders, openSecret, sealHeaders, sealSecret } from './endpoint-secrets.ts';
import { resealWebhookSecrets } from './resealing.ts';
import { SourceSecrets } from './source-secrets.ts';

const older = `older:${Buffer.alloc(32, 1).toString('base64')}`;
const newer = `newer:${Buffer.alloc(32, 2).toString('base64')}`;
const log = createLogger('test', 'silent');
const ringOf = (...keys: string[]) => parseKeyRing(keys.join(','));

describe('the secrets of endpoints and sources', () => {
  const tenantId = uuidv7();
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['webhooks'] });
  });
  after(() => db?.close());

  it('are sealed anew by a new first key, after which the former one is not needed', async () => {
    const { database } = db;
    const endpoint = { tenantId, endpointId: uuidv7() };
    const source = { tenantId, id: uuidv7() };
    const box = new SecretBox(ringOf(older));
    const sources = new SourceSecrets(ringOf(older));
    const [secret, former] = [newSecret(), newSecret()];
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const kept = [
      { value: 'present', until: null },
      { value: 'former', until },
    ];
    await database.transaction('webhooks', async ({ sql }) => {
      const endpoints = new EndpointRepository(sql, tenantId);
      await endpoints.insert({
        id: endpoint.endpointId,
        url: 'https://hooks.example.com/',
        description: '',
        eventTypes: ['*'],
        payloadVersion: 1,
        ordering: 'none',
        ratePerSecond: null,
        headers: sealHeaders(box, endpoint, { 'x-key': 'abc' }),
        secret: sealSecret(box, endpoint, secret),
        createdBy: uuidv7(),
        state: 'enabled',
      });
      await endpoints.setSecrets(endpoint.endpointId, {
        secret: sealSecret(box, endpoint, secret),
        oldSecrets: [{ sealed: sealSecret(box, endpoint, former), until }],
      });
      await new SourceRepository(sql, tenantId).add({
        id: source.id,
        kind: 'stripe',
        name: 'payments',
        account: null,
        verifier: null,
        reading: {},
        holdUnknown: true,
        secrets: sources.seal(source, kept),
        secretFingerprints: sources.fingerprints(kept),
        credentials: sources.sealCredentials(source, { token: 'rk_1', base_url: null }),
        createdBy: uuidv7(),
      });
    });
    const stored = () =>
      database.read('webhooks', async ({ sql }) => ({
        endpoint: await new EndpointRepository(sql, tenantId).get(endpoint.endpointId),
        source: await new SourceRepository(sql, tenantId).get(source.id),
      }));
    const before = await stored();

    assert.equal(await resealWebhookSecrets(database, ringOf(older), log), 0);
    assert.equal(await resealWebhookSecrets(database, ringOf(newer, older), log), 2);
    assert.equal(await resealWebhookSecrets(database, ringOf(newer, older), log), 0);

    const after = await stored();
    const alone = new SecretBox(ringOf(newer));
    const sourcesAlone = new SourceSecrets(ringOf(newer));
    assert.equal(openSecret(alone, endpoint, after.endpoint.secret), secret);
    assert.equal(openSecret(alone, endpoint, after.endpoint.oldSecrets[0]?.sealed ?? ''), former);
    assert.equal(after.endpoint.oldSecrets[0]?.until, until);
    assert.deepEqual(openHeaders(alone, endpoint, after.endpoint.headers), { 'x-key': 'abc' });
    assert.deepEqual(sourcesAlone.open(after.source), kept);
    assert.deepEqual(sourcesAlone.openCredentials(source, after.source.credentials ?? ''), {
      token: 'rk_1',
      base_url: null,
    });
    // By these the same secret at another organisation is found, whichever key is first there.
    for (const fingerprint of sourcesAlone.fingerprints(kept))
      assert.ok(after.source.secretFingerprints.includes(fingerprint));
    // What can't be opened holds nobody else up.
    const gone = new SecretBox(ringOf(`gone:${Buffer.alloc(32, 3).toString('base64')}`));
    await database.transaction('webhooks', ({ sql }) =>
      sql('update webhooks.endpoints set secret = $2 where id = $1', [
        endpoint.endpointId,
        sealSecret(gone, endpoint, secret),
      ]),
    );
    assert.equal(await resealWebhookSecrets(database, ringOf(older, newer), log), 1);
    assert.deepEqual(new SourceSecrets(ringOf(older)).open((await stored()).source), kept);
    // Nobody who edits them is told that they have changed.
    assert.deepEqual(
      [after.endpoint.version, after.source.version],
      [before.endpoint.version, before.source.version],
    );
  });
});
