import assert from 'node:assert/strict';
import { PreferencesRepository } from '../../db/notifications/preferences.repository.ts';
import { startTestApi, type Tenant, type TestApi } from '../../test/support/api.ts';
import { untilWaiting } from '../../test/support/lock-waits.ts';
import { createNotificationRoutes } from './routes.ts';

describe('What people say of how they wish to be told', () => {
  let api: TestApi;
  let tenant: Tenant;
  before(async () => {
    api = await startTestApi(createNotificationRoutes);
    tenant = await api.tenant();
  });
  after(() => api?.close());

  /** Both have read the same, and both write while somebody else does. */
  const writeAtOnce = async (path: string, heldBy: string | null): Promise<number[]> => {
    const { database } = api.services;
    const owner = api.client.as(tenant.owner);
    const { headers } = await owner.get(path);
    const options = { headers: { 'If-Match': headers.get('etag') ?? '' } };
    const write = (digestTime: string) => owner.put(path, { digest_time: digestTime }, options);
    const answers = await database.transaction('notifications', async ({ sql }) => {
      await new PreferencesRepository(sql, tenant.id).lock(heldBy);
      const both = [write('06:00'), write('07:00')];
      await untilWaiting(database, 'notifications', 2);
      return both;
    });
    return (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b);
  };

  it('is not lost when somebody else says something at the same moment', async () => {
    assert.deepEqual(await writeAtOnce('/v1/notifications/preferences', tenant.owner.userId), [200, 412]);
  });

  it('is not lost either when it is the organisation’s', async () => {
    assert.deepEqual(await writeAtOnce('/v1/notifications/organisation-preferences', null), [200, 412]);
  });
});
