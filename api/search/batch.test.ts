import assert from 'node:assert/strict';
import { createBatchRoutes } from './batch.routes.ts';
import { createUploadRoutes } from './upload.routes.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { phonesCsv } from '../../test/support/batches.ts';
import { formOf } from '../../test/support/search-system.ts';
import { openSearchEngine } from '../../services/search/open.ts';

describe('Batches over HTTP, with Temporal down', () => {
  let api: TestApi;
  let tenant: Tenant;
  let member: ApiClient;
  let closeEngine: () => Promise<void>;
  before(async () => {
    api = await startTestApi(
      (services) => {
        const engine = openSearchEngine(services);
        closeEngine = () => engine.close();
        return [...createBatchRoutes(services, engine), ...createUploadRoutes(services)];
      },
      { env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent' } },
    );
    tenant = await api.tenant();
    member = api.client.as(tenant.member);
  });
  after(async () => {
    await closeEngine();
    await api.close();
  });

  it('accepts a file in a form', async () => {
    const form = formOf(phonesCsv(10), 'people.csv', { kind: 'phone', priority: '2' });
    const { status, body, headers } = await member.post('/v1/batches', form);
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(headers.get('location'), `/v1/batches/${body.id}`);
    assert.equal(body.state, 'submitted');
    assert.equal(body.name, 'people.csv');
    assert.deepEqual(body.mapping.phones, ['phone']);
    assert.equal((await member.get(`/v1/batches/${body.id}`)).body.priority, 2);
  });

  it('previews a file and makes the batch of the same upload', async () => {
    const preview = await member.post(
      '/v1/batches/preview',
      formOf(`${phonesCsv(5)}x,y\n`, 'p.csv', { kind: 'phone' }),
    );
    assert.equal(preview.status, 200, JSON.stringify(preview.body));
    assert.equal(preview.body.rows, 6);
    const { upload_id, mapping } = preview.body;
    const made = await member.post('/v1/batches', { upload_id, mapping, kind: 'phone' });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    assert.equal((await member.post('/v1/batches', { upload_id, mapping })).status, 409);
  });
});
