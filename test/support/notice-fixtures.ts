import { v7 as uuidv7 } from 'uuid';
import type { Fixture, FixtureContext } from './fixtures.ts';

const makeDelivery = async ({ api, tenant }: FixtureContext): Promise<string> => {
  const id = uuidv7();
  await api.services.database.transaction('notifications', ({ sql }) =>
    sql(
      `insert into notifications.deliveries (id, tenant_id, channel, recipient, category, critical, open, state)
       values ($1, $2, 'in_app', 'user:1', 'batches', false, false, 'sent')`,
      [id, tenant.id],
    ),
  );
  return id;
};

const makeSuppression = async ({ api, caller }: FixtureContext): Promise<string> => {
  const wish = { address: `${uuidv7()}@example.com` };
  return (await api.client.as(caller).post('/v1/notifications/suppressions', wish)).body.id as string;
};

/** Deliveries and suppressions, for the matrix of access. */
export const noticeFixtures: Record<string, Fixture> = {
  'get /v1/notifications/deliveries/:id': {
    params: async (context) => ({ id: await makeDelivery(context) }),
  },
  'delete /v1/notifications/suppressions/:id': {
    params: async (context) => ({ id: await makeSuppression(context) }),
  },
};
