import { randomUUID } from 'node:crypto';
import type { Fixture, FixtureContext } from './fixtures.ts';

async function makeSource({ api, tenant }: FixtureContext): Promise<{ id: string; secret: string }> {
  const { body } = await api.client.as(tenant.owner).post('/v1/webhook-sources', {
    kind: 'generic',
    name: 'fixture',
    verifier: { scheme: 'key', header: 'X-Api-Key' },
  });
  return body;
}

const ofSource = { params: async (context: FixtureContext) => ({ id: (await makeSource(context)).id }) };

const ofInbound = {
  params: async (context: FixtureContext) => {
    const { api, tenant } = context;
    const { id, secret } = await makeSource(context);
    const headers = { 'x-api-key': secret, 'content-type': 'application/json' };
    await api.client.post(`/webhooks/in/${id}`, { id: randomUUID() }, { headers });
    const { body } = await api.client
      .as(tenant.owner)
      .get('/v1/webhooks/inbound', { query: { source_id: id } });
    return { id: body.items[0].id };
  },
};

/** Webhooks that come in, for the matrix of access. */
export const inboundFixtures: Record<string, Fixture> = {
  'get /v1/webhook-sources/:id': ofSource,
  'patch /v1/webhook-sources/:id': { ...ofSource, body: () => ({ name: 'another name' }) },
  'delete /v1/webhook-sources/:id': ofSource,
  'post /v1/webhook-sources/:id/rotate-secret': { ...ofSource, body: () => ({}) },
  'post /v1/webhook-sources/:id/pause': ofSource,
  'post /v1/webhook-sources/:id/resume': ofSource,
  'get /v1/webhooks/inbound/:id': ofInbound,
  'post /v1/webhooks/inbound/:id/replay': ofInbound,
  'get /v1/webhooks/inbound/replays/:id': {
    params: async ({ api, tenant }) => {
      const order = { filter: {}, dry_run: false };
      const { body } = await api.client.as(tenant.owner).post('/v1/webhooks/inbound/replay', order);
      return { id: body.id };
    },
  },
};
